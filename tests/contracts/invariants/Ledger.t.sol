// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Datasets} from "../../../contracts/datasets/Datasets.sol";
import {KeyExchange} from "../../../contracts/delivery/KeyExchange.sol";
import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {Licences} from "../../../contracts/licensing/Licences.sol";
import {Offers} from "../../../contracts/licensing/Offers.sol";
import {Members} from "../../../contracts/members/Members.sol";
import {Benefits} from "../../../contracts/payments/Benefits.sol";
import {DatasetId, LicenceId, MemberId, OfferId} from "../../../contracts/types/Ids.sol";
import {DatasetStatus, EscrowStatus, LicenceState} from "../../../contracts/types/States.sol";
import {Test} from "../support/Test.sol";
import {Handler} from "./Handler.sol";
import {Mirror} from "./Mirror.sol";

/// @title What always holds, whatever members do in whatever order
/// @notice After every act: money is conserved to the unit. After every run: what the contracts store is what their
/// events told, and all money can be taken out by those it belongs to. Within every act ({Handler}, {Mirror}): what is
/// withdrawn or revoked is never licensed, no embargo grows, nothing is settled twice, no licence moves.
contract LedgerInvariants is Test {
    Handler private _handler;
    Mirror private _mirror;
    Members private _members;
    Datasets private _datasets;
    Offers private _offers;
    Licences private _licences;
    Benefits private _benefits;
    KeyExchange private _keyExchange;
    address[2] private _tokens;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _handler = new Handler();
        _handler.setUp();
        _mirror = _handler.mirror();
        (_members, _datasets, _offers, _licences, _benefits, _keyExchange) = _handler.ledger();
        _tokens = _handler.tokens();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _acts());
    }

    /// @dev One campaign for all that holds after every act.
    function invariant_ledger() public view {
        _assertMoneyIsConserved();
        _assertEveryLicenceIsInOnePlace();
    }

    function _assertMoneyIsConserved() private view {
        for (uint256 i = 0; i < _tokens.length; ++i) {
            address money = _tokens[i];
            uint256 held = IERC20(money).balanceOf(address(_benefits));
            uint256 donated = _handler.donated(money);
            assertEq(held, _owed(money) + donated, "funded escrows and balances are what is held");
            assertEq(_handler.paidIn(money) + donated, _handler.paidOut(money) + held, "in is out and held");
        }
    }

    function _assertEveryLicenceIsInOnePlace() private view {
        for (uint64 i = 1; i <= _licences.licenceCount(); ++i) {
            LicenceId licence = LicenceId.wrap(i);
            LicenceState stage = _licences.licenceById(licence).stage;
            bool delivered = stage == LicenceState.Delivered || stage == LicenceState.Active;
            address owner = _mirror.ownerOf(address(_licences), i);
            assertTrue(delivered == (owner != address(0)), "a token from delivery on, and none before or after");
            bool keyed = _keyExchange.deliveryOf(licence).deliveredAt != 0;
            assertTrue(delivered == keyed || stage == LicenceState.Refunded, "and a key");
            if (delivered) assertEq(_licences.ownerOf(i), owner, "whose owner never changes");
        }
    }

    /// @dev The same acts in an order that never changes, to show how deep they go: every one of them took effect, and
    /// licences were paid, delivered, settled and refunded. All that always holds, held.
    function test_theActsGoDeep() public {
        bytes4[] memory acts = _acts();
        for (uint256 i = 0; i < 600; ++i) {
            bytes32 draw = keccak256(abi.encode("draw", i));
            bytes4 act = acts[uint256(draw) % acts.length];
            bytes memory arguments = abi.encode(keccak256(abi.encode(draw)), i % 251, i % 37, i % 41, i % 43);
            (bool success,) = address(_handler).call(abi.encodePacked(act, arguments));
            assertTrue(success, "no act reverts");
            invariant_ledger();
        }
        string[18] memory effects = [
            "register",
            "taken over",
            "publish",
            "applyFor",
            "advance",
            "license",
            "settle",
            "renew",
            "withdraw",
            "giveUp",
            "steward",
            "changeStanding",
            "turn",
            "paid",
            "delivered",
            "refunded",
            "cancelled",
            "rejected"
        ];
        for (uint256 i = 0; i < effects.length; ++i) {
            assertTrue(_handler.count(effects[i]) > 0, effects[i]);
        }
        afterInvariant();
    }

    function afterInvariant() public {
        _assertMirrored();
        _assertAllMoneyComesOut();
    }

    function _assertMirrored() private view {
        assertEq(_members.memberCount(), _mirror.memberCount(), "members");
        assertEq(_datasets.datasetCount(), _mirror.datasetCount(), "datasets");
        assertEq(_offers.offerCount(), _mirror.offerCount(), "offers");
        assertEq(_licences.licenceCount(), _mirror.licenceCount(), "licences");
        _assertSame(abi.encode(_licences.windows()), abi.encode(_mirror.windows()), "windows");
        for (uint32 i = 1; i <= _members.memberCount(); ++i) {
            _assertMemberMirrored(MemberId.wrap(i));
        }
        for (uint64 i = 1; i <= _datasets.datasetCount(); ++i) {
            _assertDatasetMirrored(DatasetId.wrap(i));
        }
        for (uint64 i = 1; i <= _offers.offerCount(); ++i) {
            OfferId id = OfferId.wrap(i);
            _assertSame(abi.encode(_offers.offerById(id)), abi.encode(_mirror.offerById(id)), "offer");
        }
        for (uint64 i = 1; i <= _licences.licenceCount(); ++i) {
            LicenceId id = LicenceId.wrap(i);
            _assertSame(abi.encode(_licences.licenceById(id)), abi.encode(_mirror.licenceById(id)), "licence");
            _assertSame(abi.encode(_benefits.escrowOf(id)), abi.encode(_mirror.escrowOf(id)), "escrow");
            _assertSame(abi.encode(_keyExchange.deliveryOf(id)), abi.encode(_mirror.deliveryOf(id)), "delivery");
        }
    }

    function _assertMemberMirrored(MemberId id) private view {
        _assertSame(abi.encode(_members.memberById(id)), abi.encode(_mirror.memberById(id)), "member");
        address principal = _members.principalOf(id);
        assertTrue(_members.memberOf(principal) == _mirror.accountOf(principal), "account");
        try _members.deliveryKeyOf(id) returns (uint256 x, uint256 y) {
            assertEq(_mirror.deliveryKeyOf(id), keccak256(abi.encode(x, y)), "delivery key");
        } catch {
            assertEq(_mirror.deliveryKeyOf(id), 0, "no delivery key");
        }
        for (uint256 i = 0; i < _tokens.length; ++i) {
            assertEq(_benefits.balanceOf(id, _tokens[i]), _mirror.balanceOf(id, _tokens[i]), "balance");
            assertTrue(_benefits.isTokenAllowed(_tokens[i]) == _mirror.allowed(_tokens[i]), "allowed");
        }
    }

    function _assertDatasetMirrored(DatasetId id) private view {
        _assertSame(abi.encode(_datasets.datasetById(id)), abi.encode(_mirror.datasetById(id)), "dataset");
        _assertSame(abi.encode(_datasets.parentsOf(id)), abi.encode(_mirror.parentsOf(id)), "parents");
        (DatasetId supersedes, DatasetId supersededBy) = _datasets.versionsOf(id);
        assertTrue(supersedes == _mirror.supersedes(id) && supersededBy == _mirror.supersededBy(id), "versions");
        uint64 number = DatasetId.unwrap(id);
        assertEq(_datasets.ownerOf(number), _mirror.ownerOf(address(_datasets), number), "owner");
        IDatasets.Dataset memory dataset = _datasets.datasetById(id);
        DatasetId named = _datasets.datasetByManifest(dataset.manifestDigest);
        assertTrue(named == _mirror.byManifest(dataset.manifestDigest), "by manifest");
        assertTrue(
            named == id || dataset.status == DatasetStatus.Revoked, "one dataset a manifest, but for the revoked"
        );
    }

    /// @dev Time passes and anyone ends what is open: then nothing is left but what nobody owns.
    function _assertAllMoneyComesOut() private {
        vm.warp(block.timestamp + 365 days);
        for (uint64 i = 1; i <= _licences.licenceCount(); ++i) {
            LicenceId licence = LicenceId.wrap(i);
            if (_benefits.escrowOf(licence).status != EscrowStatus.Funded) continue;
            if (_licences.stateOf(licence) == LicenceState.Overdue) _licences.refund(licence);
            else _licences.settle(licence);
        }
        for (uint256 i = 0; i < _tokens.length; ++i) {
            for (uint32 id = 1; id <= _members.memberCount(); ++id) {
                MemberId member = MemberId.wrap(id);
                if (_benefits.balanceOf(member, _tokens[i]) != 0) _benefits.withdraw(member, _tokens[i]);
            }
            uint256 left = IERC20(_tokens[i]).balanceOf(address(_benefits));
            assertEq(left, _handler.donated(_tokens[i]), "all of it came out");
        }
    }

    function _acts() private pure returns (bytes4[] memory acts) {
        bytes4[13] memory list = [
            Handler.register.selector,
            Handler.publish.selector,
            Handler.applyFor.selector,
            Handler.advance.selector,
            Handler.license.selector,
            Handler.settle.selector,
            Handler.renew.selector,
            Handler.withdraw.selector,
            Handler.giveUp.selector,
            Handler.steward.selector,
            Handler.changeStanding.selector,
            Handler.turn.selector,
            Handler.wait.selector
        ];
        acts = new bytes4[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            acts[i] = list[i];
        }
    }

    function _owed(address money) private view returns (uint256 owed) {
        for (uint64 i = 1; i <= _licences.licenceCount(); ++i) {
            IBenefits.Escrow memory escrow = _benefits.escrowOf(LicenceId.wrap(i));
            if (escrow.token == money && escrow.status == EscrowStatus.Funded) owed += escrow.amount;
        }
        for (uint32 i = 1; i <= _members.memberCount(); ++i) {
            owed += _benefits.balanceOf(MemberId.wrap(i), money);
        }
    }

    function _assertSame(bytes memory left, bytes memory right, string memory what) private pure {
        assertEq(keccak256(left), keccak256(right), what);
    }
}
