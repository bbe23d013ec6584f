// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Datasets} from "../../../contracts/datasets/Datasets.sol";
import {KeyExchange} from "../../../contracts/delivery/KeyExchange.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {Licences} from "../../../contracts/licensing/Licences.sol";
import {Offers} from "../../../contracts/licensing/Offers.sol";
import {Members} from "../../../contracts/members/Members.sol";
import {Benefits} from "../../../contracts/payments/Benefits.sol";
import {SettlementToken} from "../../../contracts/payments/SettlementToken.sol";
import {MemberId} from "../../../contracts/types/Ids.sol";
import {Kinds, MemberKinds} from "../../../contracts/types/Kinds.sol";
import {Test} from "./Test.sol";

/// @title A deployed ledger
/// @notice Every contract deployed and wired as a ledger is, and a named cast: who is who, with which keys and roles.
abstract contract Deployed is Test {
    uint64 internal constant ADMISSIONS = 1;
    uint64 internal constant STEWARDSHIP = 2;
    uint64 internal constant PARAMETERS = 3;
    uint64 internal constant MINTING = 4;

    uint256 internal constant HOSPITAL_KEY = 0xA11CE;
    uint256 internal constant INSTITUTE_KEY = 0xB0B;
    uint256 internal constant COMPANY_KEY = 0xC0C0;
    uint256 internal constant STRANGER_KEY = 0xDEAD;

    address internal immutable OPERATOR = vm.addr(0x0901);
    address internal immutable HOSPITAL = vm.addr(HOSPITAL_KEY);
    address internal immutable INSTITUTE = vm.addr(INSTITUTE_KEY);
    address internal immutable COMPANY = vm.addr(COMPANY_KEY);
    address internal immutable FUND = vm.addr(0xF00D);
    address internal immutable PLATFORM = vm.addr(0x91A7);
    address internal immutable STRANGER = vm.addr(STRANGER_KEY);

    MemberId internal constant NOBODY = MemberId.wrap(0);
    MemberId internal constant HOSPITAL_ID = MemberId.wrap(1);
    MemberId internal constant INSTITUTE_ID = MemberId.wrap(2);
    MemberId internal constant COMPANY_ID = MemberId.wrap(3);
    MemberId internal constant FUND_ID = MemberId.wrap(4);
    MemberId internal constant PLATFORM_ID = MemberId.wrap(5);

    uint256 internal constant START = 1_760_000_000;
    uint128 internal constant PRICE = 1_000_003;
    uint32 internal constant YEAR = 365 days;
    uint32 internal constant PAYMENT_WINDOW = 14 days;
    uint32 internal constant DELIVERY_WINDOW = 7 days;
    uint32 internal constant ACCEPTANCE_WINDOW = 3 days;

    bytes32 internal constant PURPOSE = keccak256("survival after surgery");
    bytes32 internal constant REASONS = keccak256("reasons");
    bytes32 internal constant WRAPPED_KEY = keccak256("wrapped");

    /// @dev The generator of secp256k1: a valid ephemeral key with an even y.
    uint256 internal constant GENERATOR_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 internal constant GENERATOR_Y = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;

    /// @dev The field of secp256k1, and the order of its group.
    uint256 internal constant FIELD = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 internal constant GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    AccessManager internal authority;
    Members internal members;
    Datasets internal datasets;
    Benefits internal benefits;
    Offers internal offers;
    Licences internal licences;
    KeyExchange internal keyExchange;
    SettlementToken internal token;

    function founders() internal view returns (IMembers.Admission[] memory list) {
        list = new IMembers.Admission[](5);
        list[0] = admission(HOSPITAL, Kinds.INSTITUTION, "City Hospital");
        list[1] = admission(
            INSTITUTE,
            MemberKinds.wrap(MemberKinds.unwrap(Kinds.INSTITUTION) | MemberKinds.unwrap(Kinds.USER)),
            "Institute of Surgery"
        );
        list[2] = admission(COMPANY, Kinds.USER, "Company");
        list[3] = admission(FUND, Kinds.FUND, "Participants' Fund");
        list[4] = admission(PLATFORM, Kinds.PLATFORM, "Platform");
    }

    function admission(address principal, MemberKinds kinds, string memory name)
        internal
        pure
        returns (IMembers.Admission memory)
    {
        return IMembers.Admission({
            principal: principal, kinds: kinds, country: "DE", metadataDigest: keccak256(bytes(name)), name: name
        });
    }

    function windows() internal pure returns (ILicences.Windows memory) {
        return ILicences.Windows({payment: PAYMENT_WINDOW, delivery: DELIVERY_WINDOW, acceptance: ACCEPTANCE_WINDOW});
    }

    function _deploy() internal {
        authority = new AccessManager(address(this));
        members = new Members(address(authority), founders());
        datasets = new Datasets(address(authority), members);
        // Benefits obeys one Licences for ever, and Licences one KeyExchange: their addresses are known beforehand.
        uint256 nonce = vm.getNonce(address(this));
        address licencesAt = vm.computeCreateAddress(address(this), nonce + 2);
        address keyExchangeAt = vm.computeCreateAddress(address(this), nonce + 3);
        benefits = new Benefits(address(authority), members, licencesAt);
        offers = new Offers(members, datasets, benefits);
        licences = new Licences(address(authority), members, datasets, offers, benefits, keyExchangeAt, windows());
        keyExchange = new KeyExchange(members, licences);
        token = new SettlementToken(address(authority));
    }

    function _wire() internal {
        _permit(address(members), ADMISSIONS, IMembers.admit.selector);
        _permit(address(members), ADMISSIONS, IMembers.setStatus.selector);
        _permit(address(members), ADMISSIONS, IMembers.setKinds.selector);
        _permit(address(datasets), STEWARDSHIP, IDatasets.revoke.selector);
        _permit(address(datasets), STEWARDSHIP, IDatasets.reinstate.selector);
        _permit(address(benefits), PARAMETERS, benefits.setTokenAllowed.selector);
        _permit(address(licences), PARAMETERS, licences.setWindows.selector);
        _permit(address(token), MINTING, token.mint.selector);

        authority.grantRole(ADMISSIONS, OPERATOR, 0);
        authority.grantRole(STEWARDSHIP, OPERATOR, 0);
        authority.grantRole(PARAMETERS, OPERATOR, 0);
        authority.grantRole(MINTING, OPERATOR, 0);
    }

    function _permit(address target, uint64 role, bytes4 selector) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        authority.setTargetFunctionRole(target, selectors, role);
    }
}
