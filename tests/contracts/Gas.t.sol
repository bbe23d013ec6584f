// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBenefits} from "../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../contracts/interfaces/IDatasets.sol";
import {IOffers} from "../../contracts/interfaces/IOffers.sol";
import {DatasetId, LicenceId, OfferId} from "../../contracts/types/Ids.sol";
import {World} from "./support/World.sol";

/// @title What each act costs
/// @notice Whole transactions, base cost and refunds included: run in isolation, compared with `snapshots/acts.json`.
/// forge-config: default.isolate = true
contract GasTest is World {
    string private constant ACTS = "acts";

    /// @dev Measured on the contracts of @oceanprotocol/contracts 2.6.0: publication with a price and 1 KiB of
    /// metadata; approval and first purchase.
    uint256 private constant OCEAN_PUBLISH = 1_518_145 + 158_160;
    uint256 private constant OCEAN_BUY = 46_268 + 339_879;

    function setUp() public override {
        super.setUp();
        _paid();
    }

    // The figures to reach: a third of what Ocean's contracts need to publish, a half of what they need to buy.

    function test_publishingCostsAThirdOfThePeers() public {
        IDatasets.Registration[] memory batch = new IDatasets.Registration[](1);
        batch[0] = registration();
        vm.prank(HOSPITAL);
        DatasetId dataset = datasets.register(batch);
        uint256 spent = vm.lastCallGas().gasTotalUsed;
        vm.prank(HOSPITAL);
        offers.publish(publications(dataset, terms()));
        spent += vm.lastCallGas().gasTotalUsed;
        assertTrue(spent <= OCEAN_PUBLISH / 3, "at most a third");
    }

    function test_buyingCostsAHalfOfThePeers() public {
        OfferId offer = _offered();
        vm.prank(INSTITUTE);
        LicenceId licence = licences.applyFor(offer, PURPOSE);
        uint256 spent = vm.lastCallGas().gasTotalUsed;
        _approve(licence);
        _agree(licence, terms());
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, soon());
        vm.prank(INSTITUTE);
        licences.payWithPermit(licence, permit);
        spent += vm.lastCallGas().gasTotalUsed;
        assertTrue(spent <= OCEAN_BUY / 2, "at most a half");
    }

    // Each act.

    function test_register() public {
        IDatasets.Registration[] memory batch = new IDatasets.Registration[](1);
        batch[0] = registration();
        vm.prank(HOSPITAL);
        datasets.register(batch);
        vm.snapshotGasLastCall(ACTS, "datasets.register");
    }

    function test_registerFifty() public {
        IDatasets.Registration[] memory batch = new IDatasets.Registration[](50);
        for (uint256 i = 0; i < batch.length; ++i) {
            batch[i] = registration();
        }
        vm.prank(HOSPITAL);
        datasets.register(batch);
        uint256 gasUsed = vm.snapshotGasLastCall(ACTS, "datasets.register, 50");
        vm.snapshotValue(ACTS, "datasets.register, each of 50", gasUsed / 50);
    }

    function test_publish() public {
        DatasetId dataset = _registered();
        IOffers.Publication[] memory batch = publications(dataset, terms());
        vm.prank(HOSPITAL);
        offers.publish(batch);
        vm.snapshotGasLastCall(ACTS, "offers.publish");
    }

    function test_publishFifty() public {
        IOffers.Publication[] memory batch = new IOffers.Publication[](50);
        for (uint256 i = 0; i < batch.length; ++i) {
            batch[i] = IOffers.Publication(_registered(), terms());
        }
        vm.prank(HOSPITAL);
        offers.publish(batch);
        uint256 gasUsed = vm.snapshotGasLastCall(ACTS, "offers.publish, 50");
        vm.snapshotValue(ACTS, "offers.publish, each of 50", gasUsed / 50);
    }

    function test_licence() public {
        OfferId offer = _offered();
        vm.prank(INSTITUTE);
        LicenceId licence = licences.applyFor(offer, PURPOSE);
        vm.snapshotGasLastCall(ACTS, "licences.applyFor");
        vm.prank(HOSPITAL);
        licences.approveApplication(licence, PURPOSE);
        vm.snapshotGasLastCall(ACTS, "licences.approveApplication");
        _agree(licence, terms());
        vm.snapshotGasLastCall(ACTS, "licences.agree");
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, soon());
        vm.prank(INSTITUTE);
        licences.payWithPermit(licence, permit);
        vm.snapshotGasLastCall(ACTS, "licences.payWithPermit");
        vm.prank(HOSPITAL);
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
        vm.snapshotGasLastCall(ACTS, "keyExchange.deliver");
        vm.prank(INSTITUTE);
        licences.accept(licence);
        vm.snapshotGasLastCall(ACTS, "licences.accept");
        licences.settle(licence);
        vm.snapshotGasLastCall(ACTS, "licences.settle");
        benefits.withdraw(HOSPITAL_ID, address(token));
        vm.snapshotGasLastCall(ACTS, "benefits.withdraw");
        vm.prank(INSTITUTE);
        token.approve(address(benefits), PRICE);
        vm.prank(INSTITUTE);
        licences.renew(licence, PRICE);
        vm.snapshotGasLastCall(ACTS, "licences.renew");
    }

    function test_pay() public {
        LicenceId licence = _agreed();
        vm.prank(INSTITUTE);
        token.approve(address(benefits), PRICE);
        vm.prank(INSTITUTE);
        licences.pay(licence);
        vm.snapshotGasLastCall(ACTS, "licences.pay");
    }

    function test_refund() public {
        LicenceId licence = _paid();
        vm.warp(block.timestamp + DELIVERY_WINDOW + 1);
        vm.prank(STRANGER);
        licences.refund(licence);
        vm.snapshotGasLastCall(ACTS, "licences.refund");
    }
}
