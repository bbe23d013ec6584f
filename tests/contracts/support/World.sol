// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IOffers} from "../../../contracts/interfaces/IOffers.sol";
import {DatasetId, LicenceId, MemberId, OfferId} from "../../../contracts/types/Ids.sol";
import {EscrowStatus, Funding, LicenceState, MemberStatus, Tier} from "../../../contracts/types/States.sol";
import {DuoCodes, Shares, Terms} from "../../../contracts/types/Terms.sol";
import {Deployed} from "./Deployed.sol";
import {Vm} from "./Vm.sol";

/// @title The world of the tests
/// @notice Every contract deployed and wired as a ledger is, and a named cast. The hospital collected and holds the
/// data, the institute licenses it, the company looks on, the fund and the platform take their shares, the stranger is
/// no member. The operator holds every role that people hold.
abstract contract World is Deployed {
    uint256 private _registrations;

    function setUp() public virtual {
        vm.warp(START);
        _deploy();
        _wire();

        vm.startPrank(OPERATOR);
        benefits.setTokenAllowed(address(token), true);
        token.mint(INSTITUTE, 1e12);
        token.mint(COMPANY, 1e12);
        vm.stopPrank();
        _registerDeliveryKey(INSTITUTE, INSTITUTE_KEY);
        _registerDeliveryKey(COMPANY, COMPANY_KEY);
    }

    // The path of a licence: each step does all before it.

    function _registered() internal returns (DatasetId dataset) {
        return _register(HOSPITAL, registration());
    }

    function _offered() internal returns (OfferId offer) {
        return _publish(HOSPITAL, _registered(), terms());
    }

    function _applied() internal returns (LicenceId licence) {
        return _apply(INSTITUTE, _offered());
    }

    function _approved() internal returns (LicenceId licence) {
        licence = _applied();
        _approve(licence);
    }

    function _agreed() internal returns (LicenceId licence) {
        licence = _approved();
        _agree(licence, terms());
    }

    function _agreedOn(Terms memory terms_) internal returns (LicenceId licence) {
        licence = _apply(INSTITUTE, _publish(HOSPITAL, _registered(), terms_));
        _approve(licence);
        _agree(licence, terms_);
    }

    function _paid() internal returns (LicenceId licence) {
        licence = _agreed();
        _pay(licence);
    }

    function _delivered() internal returns (LicenceId licence) {
        licence = _paid();
        _deliver(licence);
    }

    function _active() internal returns (LicenceId licence) {
        licence = _delivered();
        vm.prank(INSTITUTE);
        licences.accept(licence);
    }

    // Single steps.

    function _register(address holder, IDatasets.Registration memory stated) internal returns (DatasetId dataset) {
        IDatasets.Registration[] memory batch = new IDatasets.Registration[](1);
        batch[0] = stated;
        vm.prank(holder);
        return datasets.register(batch);
    }

    function _publish(address holder, DatasetId dataset, Terms memory terms_) internal returns (OfferId offer) {
        vm.prank(holder);
        return offers.publish(publications(dataset, terms_));
    }

    function _apply(address licensee, OfferId offer) internal returns (LicenceId licence) {
        vm.prank(licensee);
        return licences.applyFor(offer, PURPOSE);
    }

    function _approve(LicenceId licence) internal {
        vm.prank(HOSPITAL);
        licences.approveApplication(licence, PURPOSE);
    }

    function _agree(LicenceId licence, Terms memory terms_) internal {
        _agree(licence, terms_, INSTITUTE_KEY);
    }

    function _agree(LicenceId licence, Terms memory terms_, uint256 licenseeKey) internal {
        uint40 deadline = soon();
        (, bytes32 digest) = licences.agreementOf(licence, terms_, deadline);
        licences.agree(licence, terms_, deadline, signed(HOSPITAL_KEY, digest), signed(licenseeKey, digest));
    }

    function _pay(LicenceId licence) internal {
        vm.startPrank(INSTITUTE);
        token.approve(address(benefits), benefits.escrowOf(licence).amount);
        licences.pay(licence);
        vm.stopPrank();
    }

    function _deliver(LicenceId licence) internal {
        vm.prank(HOSPITAL);
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
    }

    function _setStatus(MemberId member, MemberStatus status) internal {
        vm.prank(OPERATOR);
        members.setStatus(member, status);
    }

    function _withdraw(DatasetId dataset) internal {
        vm.prank(HOSPITAL);
        datasets.withdraw(dataset);
    }

    function _restore(DatasetId dataset) internal {
        vm.prank(HOSPITAL);
        datasets.restore(dataset);
    }

    function _revoke(DatasetId dataset) internal {
        vm.prank(OPERATOR);
        datasets.revoke(dataset);
    }

    function _reinstate(DatasetId dataset) internal {
        vm.prank(OPERATOR);
        datasets.reinstate(dataset);
    }

    function _allowToken(address allowed) internal {
        vm.prank(OPERATOR);
        benefits.setTokenAllowed(allowed, true);
    }

    function _join(address principal, address account) internal {
        MemberId member = members.memberOf(principal);
        vm.prank(principal);
        members.inviteAccount(account);
        vm.prank(account);
        members.acceptInvitation(member);
    }

    function _registerDeliveryKey(address principal, uint256 key) internal {
        Vm.Wallet memory wallet = vm.createWallet(key);
        vm.prank(principal);
        members.setDeliveryKey(wallet.publicKeyX, wallet.publicKeyY);
    }

    // Values.

    function registration() internal returns (IDatasets.Registration memory stated) {
        bytes32 unique = keccak256(abi.encode(++_registrations));
        stated.collector = HOSPITAL_ID;
        stated.size = 1 << 30;
        stated.funding = Funding.Public;
        stated.tier = Tier.Controlled;
        stated.manifestCodec = 0x70;
        stated.manifestDigest = keccak256(abi.encode("manifest", unique));
        stated.metadataDigest = keccak256(abi.encode("metadata", unique));
        stated.keyCommitment = keccak256(abi.encode("key", unique));
        stated.attribution = "City Hospital, Cohort of 1986";
    }

    function terms() internal view returns (Terms memory) {
        return Terms({
            token: address(token),
            price: PRICE,
            duration: YEAR,
            duoCodes: duo(42),
            country: 0,
            moratoriumUntil: 0,
            diseasesDigest: 0,
            shares: shares(),
            proseDigest: keccak256("prose"),
            considerationsDigest: 0
        });
    }

    function freeTerms() internal view returns (Terms memory terms_) {
        terms_ = terms();
        (terms_.token, terms_.price) = (address(0), 0);
    }

    uint256 internal constant TERMS_FIELDS = 15;

    /// @notice The terms with one field changed; `field` counts those of {Terms}, then those of {Shares}.
    function mutated(Terms memory terms_, uint256 field, uint256 seed) internal pure returns (Terms memory) {
        uint256 step = bound(seed, 1, 5_000);
        Shares memory split = terms_.shares;
        if (field == 0) terms_.token = address(uint160(terms_.token) ^ uint160(step));
        else if (field == 1) terms_.price ^= uint128(step);
        else if (field == 2) terms_.duration ^= uint32(step);
        else if (field == 3) terms_.duoCodes = DuoCodes.wrap(DuoCodes.unwrap(terms_.duoCodes) ^ uint64(step));
        else if (field == 4) terms_.country ^= bytes2(uint16(step));
        else if (field == 5) terms_.moratoriumUntil ^= uint40(step);
        else if (field == 6) terms_.diseasesDigest ^= bytes32(step);
        else if (field == 7) terms_.proseDigest ^= bytes32(step);
        else if (field == 8) terms_.considerationsDigest ^= bytes32(step);
        else if (field == 9) split.fund = MemberId.wrap(MemberId.unwrap(split.fund) ^ uint32(step));
        else if (field == 10) split.platform = MemberId.wrap(MemberId.unwrap(split.platform) ^ uint32(step));
        else if (field == 11) split.collectorShare ^= uint16(step);
        else if (field == 12) split.holderShare ^= uint16(step);
        else if (field == 13) split.fundShare ^= uint16(step);
        else if (field == 14) split.platformShare ^= uint16(step);
        return terms_;
    }

    function shares() internal pure returns (Shares memory) {
        return Shares({
            fund: FUND_ID,
            platform: PLATFORM_ID,
            collectorShare: 2_500,
            holderShare: 5_500,
            fundShare: 1_500,
            platformShare: 500
        });
    }

    /// @notice Any split of the whole.
    function splitOf(uint16 a, uint16 b, uint16 c) internal pure returns (Shares memory parts) {
        parts.collectorShare = uint16(bound(a, 0, 10_000));
        parts.fundShare = uint16(bound(b, 0, 10_000 - parts.collectorShare));
        parts.platformShare = uint16(bound(c, 0, 10_000 - parts.collectorShare - parts.fundShare));
        parts.holderShare = 10_000 - parts.collectorShare - parts.fundShare - parts.platformShare;
        parts.fund = parts.fundShare == 0 ? NOBODY : FUND_ID;
        parts.platform = parts.platformShare == 0 ? NOBODY : PLATFORM_ID;
    }

    function publications(DatasetId dataset, Terms memory terms_)
        internal
        pure
        returns (IOffers.Publication[] memory batch)
    {
        batch = new IOffers.Publication[](1);
        batch[0] = IOffers.Publication({dataset: dataset, terms: terms_});
    }

    function duo(uint8 permission) internal pure returns (DuoCodes) {
        return DuoCodes.wrap(uint64(1) << permission);
    }

    function duo(uint8 permission, uint8 modifier_) internal pure returns (DuoCodes) {
        return DuoCodes.wrap(uint64(1) << permission | uint64(1) << modifier_);
    }

    function soon() internal view returns (uint40) {
        return uint40(block.timestamp + 1 days);
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (ILicences.PartySignature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return ILicences.PartySignature({signer: vm.addr(key), signature: abi.encodePacked(r, s, v)});
    }

    function permitted(uint256 key, uint256 amount, uint256 deadline)
        internal
        view
        returns (IBenefits.Permit memory permit)
    {
        bytes32 typehash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        address owner = vm.addr(key);
        bytes32 hash = keccak256(abi.encode(typehash, owner, address(benefits), amount, token.nonces(owner), deadline));
        permit.deadline = deadline;
        (permit.v, permit.r, permit.s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), hash)));
    }

    function stateOf(LicenceId licence) internal view returns (LicenceState) {
        return licences.stateOf(licence);
    }

    /// @notice What the licence's escrow holds now.
    function fundedIn(LicenceId licence) internal view returns (uint256) {
        IBenefits.Escrow memory escrow = benefits.escrowOf(licence);
        return escrow.status == EscrowStatus.Funded ? escrow.amount : 0;
    }

    // Expectations.

    function expectUnauthorised(address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
    }

    /// @dev For a dataset that the hospital holds.
    function expectNotHolder(DatasetId dataset, MemberId member) internal {
        vm.expectRevert(abi.encodeWithSelector(IDatasets.NotHolder.selector, dataset, HOSPITAL_ID, member));
    }

    function expectStateRefused(LicenceId licence, LicenceState state, uint256 accepted) internal {
        vm.expectRevert(abi.encodeWithSelector(ILicences.LicenceStateRefused.selector, licence, state, accepted));
    }

    function assertRecord(LicenceId licence, ILicences.Licence memory expected) internal view {
        bytes32 actual = keccak256(abi.encode(licences.licenceById(licence)));
        assertEq(actual, keccak256(abi.encode(expected)), "record");
    }

    function assertState(LicenceId licence, LicenceState expected) internal view {
        assertEq(uint256(stateOf(licence)), uint256(expected), "state");
    }

    function assertBalance(MemberId member, uint256 expected) internal view {
        assertEq(benefits.balanceOf(member, address(token)), expected, "balance");
    }

    function assertMember(MemberId actual, MemberId expected) internal pure {
        assertEq(MemberId.unwrap(actual), MemberId.unwrap(expected), "member");
    }
}
