// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {DatasetId} from "../../../contracts/types/Ids.sol";
import {DatasetStatus, MemberStatus} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title Embargo, withdrawal and revocation of datasets
contract StandingTest is World {
    DatasetId private constant UNKNOWN = DatasetId.wrap(99);

    // Embargo.

    function testFuzz_anEmbargoOnlyBecomesShorter(uint40 present, uint40 wanted) public {
        DatasetId dataset = _embargoed(present);
        bool shorter = wanted < present;

        if (shorter) {
            vm.expectEmit(address(datasets));
            emit IDatasets.EmbargoShortened(dataset, wanted);
        } else {
            vm.expectRevert(abi.encodeWithSelector(IDatasets.EmbargoNotShorter.selector, dataset, present, wanted));
        }
        vm.prank(HOSPITAL);
        datasets.shortenEmbargo(dataset, wanted);
        assertEq(datasets.datasetById(dataset).embargoUntil, shorter ? wanted : present, "embargo");
    }

    function test_theSameEmbargoIsNotShorter() public {
        uint40 present = soon();
        DatasetId dataset = _embargoed(present);
        vm.expectRevert(abi.encodeWithSelector(IDatasets.EmbargoNotShorter.selector, dataset, present, present));
        vm.prank(HOSPITAL);
        datasets.shortenEmbargo(dataset, present);
        vm.prank(HOSPITAL);
        datasets.shortenEmbargo(dataset, present - 1);
    }

    function test_onlyTheHolderShortens() public {
        DatasetId dataset = _embargoed(soon());
        expectNotHolder(dataset, COMPANY_ID);
        vm.prank(COMPANY);
        datasets.shortenEmbargo(dataset, 0);
        expectNotHolder(dataset, NOBODY);
        vm.prank(OPERATOR);
        datasets.shortenEmbargo(dataset, 0);

        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, UNKNOWN));
        vm.prank(HOSPITAL);
        datasets.shortenEmbargo(UNKNOWN, 0);
    }

    /// @dev The last second of the embargo is the one before `embargoUntil`.
    function testFuzz_licensableFromTheEmbargosEnd(uint40 embargoUntil, uint40 time) public {
        DatasetId dataset = _embargoed(embargoUntil);
        vm.warp(bound(time, START, type(uint40).max));
        if (block.timestamp < embargoUntil) {
            vm.expectRevert(abi.encodeWithSelector(IDatasets.EmbargoInForce.selector, dataset, embargoUntil));
        }
        datasets.requireLicensable(dataset);
    }

    function test_theEmbargosBoundary() public {
        uint40 end = soon();
        DatasetId dataset = _embargoed(end);
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IDatasets.EmbargoInForce.selector, dataset, end));
        datasets.requireLicensable(dataset);
        vm.warp(end);
        assertMember(datasets.requireLicensable(dataset), HOSPITAL_ID);
    }

    function test_anEmbargoedDatasetIsAvailable() public {
        assertTrue(datasets.isAvailable(_embargoed(soon())), "whatever its embargo");
    }

    // Withdrawal and revocation.

    /// @dev Every status and every act: only the four stated passages happen, and the rest is refused by name.
    function testFuzz_statusMovesAsStated(uint8 fromSeed, uint8 actSeed) public {
        DatasetId dataset = _registered();
        DatasetStatus from = DatasetStatus(bound(fromSeed, 1, 3));
        if (from == DatasetStatus.Withdrawn) _withdraw(dataset);
        if (from == DatasetStatus.Revoked) _revoke(dataset);
        uint256 act = actSeed % 4;
        DatasetStatus to = act == 0 ? DatasetStatus.Withdrawn : act == 2 ? DatasetStatus.Revoked : DatasetStatus.Active;
        bool possible = act == 0
            ? from == DatasetStatus.Active
            : act == 1
                ? from == DatasetStatus.Withdrawn
                : act == 2 ? from != DatasetStatus.Revoked : from == DatasetStatus.Revoked;

        if (possible) {
            vm.expectEmit(address(datasets));
            emit IDatasets.DatasetStatusChanged(dataset, to);
        } else {
            vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetStatusChangeRefused.selector, dataset, from, to));
        }
        if (act == 0) _withdraw(dataset);
        if (act == 1) _restore(dataset);
        if (act == 2) _revoke(dataset);
        if (act == 3) _reinstate(dataset);

        DatasetStatus now_ = datasets.datasetById(dataset).status;
        assertEq(uint256(now_), uint256(possible ? to : from), "status");
        assertTrue(datasets.isAvailable(dataset) == (now_ == DatasetStatus.Active), "available");
    }

    function test_reinstatementGivesBackWhatWasWithdrawnAsWithdrawn() public {
        DatasetId dataset = _registered();
        _withdraw(dataset);
        _revoke(dataset);
        _reinstate(dataset);
        assertEq(uint256(datasets.datasetById(dataset).status), uint256(DatasetStatus.Withdrawn), "status");

        _restore(dataset);
        _revoke(dataset);
        _reinstate(dataset);
        assertEq(uint256(datasets.datasetById(dataset).status), uint256(DatasetStatus.Active), "status");
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_notLicensableUnlessActive(bool revoked) public {
        DatasetId dataset = _registered();
        if (revoked) _revoke(dataset);
        else _withdraw(dataset);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatasets.DatasetNotAvailable.selector,
                dataset,
                revoked ? DatasetStatus.Revoked : DatasetStatus.Withdrawn
            )
        );
        datasets.requireLicensable(dataset);
    }

    function test_onlyTheHolderWithdrawsAndRestores() public {
        DatasetId dataset = _registered();
        expectNotHolder(dataset, INSTITUTE_ID);
        vm.prank(INSTITUTE);
        datasets.withdraw(dataset);
        _withdraw(dataset);
        expectNotHolder(dataset, NOBODY);
        vm.prank(STRANGER);
        datasets.restore(dataset);
        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, UNKNOWN));
        _withdraw(UNKNOWN);
        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, UNKNOWN));
        _restore(UNKNOWN);
    }

    /// @dev A holder in bad standing can still take its data off the shelf.
    function test_aSuspendedHolderWithdraws() public {
        DatasetId dataset = _registered();
        _setStatus(HOSPITAL_ID, MemberStatus.Suspended);
        _withdraw(dataset);
        assertFalse(datasets.isAvailable(dataset), "available");
    }

    function test_onlyTheStewardRevokesAndReinstates() public {
        DatasetId dataset = _registered();
        expectUnauthorised(HOSPITAL);
        vm.prank(HOSPITAL);
        datasets.revoke(dataset);
        _revoke(dataset);
        expectUnauthorised(HOSPITAL);
        vm.prank(HOSPITAL);
        datasets.reinstate(dataset);

        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, UNKNOWN));
        _revoke(UNKNOWN);
        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, UNKNOWN));
        _reinstate(UNKNOWN);
    }

    function _embargoed(uint40 embargoUntil) private returns (DatasetId) {
        IDatasets.Registration memory stated = registration();
        stated.embargoUntil = embargoUntil;
        return _register(HOSPITAL, stated);
    }
}
