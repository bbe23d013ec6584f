// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {DatasetId, LicenceId, MemberId, OfferId} from "../../../contracts/types/Ids.sol";
import {LicenceState} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title What the two signatures of an agreement bind
/// @notice The digest is computed here a second time, by forge's own EIP-712: what a wallet signs is what the ledger
/// checks, and nothing in it can change afterwards.
contract SignaturesTest is World {
    string private constant SHARES_TYPE = "Shares(uint32 fund,uint32 platform,uint16 collectorShare,uint16 holderShare,uint16 fundShare,"
        "uint16 platformShare)";
    string private constant TERMS_TYPE = "Terms(address token,uint128 price,uint32 duration,uint64 duoCodes,bytes2 country,uint40 moratoriumUntil,"
        "bytes32 diseasesDigest,Shares shares,bytes32 proseDigest,bytes32 considerationsDigest)";
    string private constant AGREEMENT_TYPE = "Agreement(uint64 licence,uint64 dataset,uint64 offer,uint32 licensor,uint32 licensee,"
        "bytes32 purposeDigest,uint256 deliveryKeyX,uint256 deliveryKeyY,uint40 deadline,Terms terms)";
    string private constant DOMAIN_TYPE =
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

    LicenceId private _licence;
    uint40 private _deadline;
    ILicences.Agreement private _agreement;
    bytes32 private _digest;

    function setUp() public override {
        super.setUp();
        _licence = _approved();
        _deadline = soon();
        ILicences.Agreement memory agreement;
        (agreement, _digest) = licences.agreementOf(_licence, terms(), _deadline);
        _agreement = agreement;
    }

    // The digest.

    function test_theDigestIsThatOfEip712() public view {
        assertEq(_digestOf(_agreement, block.chainid, address(licences)), _digest, "digest");
    }

    function testFuzz_theDigestOfTermsIsThatOfEip712(uint8 field, uint256 seed) public view {
        ILicences.Agreement memory agreement = _agreement;
        agreement.terms = mutated(agreement.terms, field % TERMS_FIELDS, seed);
        bytes32 expected = vm.eip712HashStruct(string.concat(TERMS_TYPE, SHARES_TYPE), abi.encode(agreement.terms));
        assertEq(offers.hashTerms(agreement.terms), expected, "hashStruct");
    }

    function test_theDomainIsTold() public view {
        (, string memory name, string memory version, uint256 chainId, address verifying,,) = licences.eip712Domain();
        assertEq(name, "Research Data Ledger", "name");
        assertEq(version, "1", "version");
        assertEq(chainId, block.chainid, "chain");
        assertEq(verifying, address(licences), "contract");
    }

    // What was signed must be what is concluded.

    /// @dev Each field of the agreement, changed in what either side signs, voids that side's signature.
    function testFuzz_aSignatureOverAnyOtherFieldIsVoid(uint8 field, uint256 seed, bool licensor) public {
        ILicences.Agreement memory other = _mutated(_agreement, field % (9 + TERMS_FIELDS), seed);
        bytes32 otherDigest = _digestOf(other, block.chainid, address(licences));
        assertTrue(otherDigest != _digest, "each field counts");

        _expectRefused(licensor);
        _conclude(licensor ? otherDigest : _digest, licensor ? _digest : otherDigest);
    }

    /// @dev The same for each of the 24 fields in turn, so that none is left to chance.
    function test_everyFieldCounts() public {
        for (uint8 field = 0; field < 9 + TERMS_FIELDS; ++field) {
            bytes32 other = _digestOf(_mutated(_agreement, field, 7), block.chainid, address(licences));
            _expectRefused(true);
            _conclude(other, _digest);
            _expectRefused(false);
            _conclude(_digest, other);
        }
        _conclude(_digest, _digest);
        assertState(_licence, LicenceState.Agreed);
    }

    function testFuzz_aSignatureForAnotherChainIsVoid(uint64 chain) public {
        vm.assume(chain != block.chainid && chain != 0);
        bytes32 other = _digestOf(_agreement, chain, address(licences));
        _expectRefused(true);
        _conclude(other, other);
    }

    function test_aSignatureDoesNotFollowToAForkedChain() public {
        vm.chainId(1337);
        _expectRefused(true);
        _conclude(_digest, _digest);
    }

    function testFuzz_aSignatureForAnotherContractIsVoid(address other) public {
        vm.assume(other != address(licences));
        bytes32 digest = _digestOf(_agreement, block.chainid, other);
        _expectRefused(true);
        _conclude(digest, digest);
    }

    // What changed on the ledger since it was signed voids it.

    function test_aDeliveryKeyChangedSinceVoidsTheSignatures() public {
        _registerDeliveryKey(INSTITUTE, STRANGER_KEY);
        _expectRefused(true);
        _conclude(_digest, _digest);
    }

    function test_anotherDeadlineThanTheSignedIsVoid() public {
        ILicences.PartySignature memory licensor = signed(HOSPITAL_KEY, _digest);
        ILicences.PartySignature memory licensee = signed(INSTITUTE_KEY, _digest);
        _expectRefused(true);
        licences.agree(_licence, terms(), _deadline + 1, licensor, licensee);
    }

    function test_signaturesAreForOneLicence() public {
        LicenceId twin = _apply(INSTITUTE, _agreement.offer);
        _approve(twin);
        ILicences.PartySignature memory licensor = signed(HOSPITAL_KEY, _digest);
        ILicences.PartySignature memory licensee = signed(INSTITUTE_KEY, _digest);
        vm.expectRevert(abi.encodeWithSelector(ILicences.SignatureInvalid.selector, twin, HOSPITAL_ID, HOSPITAL));
        licences.agree(twin, terms(), _deadline, licensor, licensee);
    }

    function test_signaturesAreUsedOnce() public {
        _conclude(_digest, _digest);
        expectStateRefused(_licence, LicenceState.Agreed, 1 << uint8(LicenceState.Approved));
        _conclude(_digest, _digest);

        vm.prank(INSTITUTE);
        licences.cancel(_licence);
        expectStateRefused(_licence, LicenceState.Cancelled, 1 << uint8(LicenceState.Approved));
        _conclude(_digest, _digest);
    }

    // Who signed.

    function testFuzz_onlyAKeyOfThePartySigns(uint256 key, bool licensor) public {
        key = bound(key, 1, GROUP_ORDER - 1);
        vm.assume(key != HOSPITAL_KEY && key != INSTITUTE_KEY);
        ILicences.PartySignature memory forged = signed(key, _digest);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILicences.SignatureInvalid.selector, _licence, licensor ? HOSPITAL_ID : INSTITUTE_ID, forged.signer
            )
        );
        if (licensor) _agreeWith(forged, signed(INSTITUTE_KEY, _digest));
        else _agreeWith(signed(HOSPITAL_KEY, _digest), forged);
    }

    function test_theSidesAreNotExchangeable() public {
        vm.expectRevert(abi.encodeWithSelector(ILicences.SignatureInvalid.selector, _licence, HOSPITAL_ID, INSTITUTE));
        _agreeWith(signed(INSTITUTE_KEY, _digest), signed(HOSPITAL_KEY, _digest));
    }

    function test_aForeignKeyUnderThePartysNameIsRefused() public {
        ILicences.PartySignature memory forged = signed(STRANGER_KEY, _digest);
        forged.signer = HOSPITAL;
        _expectRefused(true);
        _agreeWith(forged, signed(INSTITUTE_KEY, _digest));
    }

    function test_anyAccountOfTheMemberSigns() public {
        _join(HOSPITAL, STRANGER);
        _agreeWith(signed(STRANGER_KEY, _digest), signed(INSTITUTE_KEY, _digest));
        assertState(_licence, LicenceState.Agreed);
    }

    function test_anAccountThatLeftSignsNoMore() public {
        _join(HOSPITAL, STRANGER);
        vm.prank(HOSPITAL);
        members.removeAccount(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ILicences.SignatureInvalid.selector, _licence, HOSPITAL_ID, STRANGER));
        _agreeWith(signed(STRANGER_KEY, _digest), signed(INSTITUTE_KEY, _digest));
    }

    // The form of a signature.

    function test_aMalleatedSignatureIsRefused() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(HOSPITAL_KEY, _digest);
        bytes32 mirrored = bytes32(GROUP_ORDER - uint256(s));
        _expectRefused(true);
        _agreeWith(
            ILicences.PartySignature(HOSPITAL, abi.encodePacked(r, mirrored, v == 27 ? uint8(28) : uint8(27))),
            signed(INSTITUTE_KEY, _digest)
        );
    }

    /// @dev One signature has one form, so that what was signed is found again by its bytes.
    function test_theCompactFormOfErc2098IsRefused() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(HOSPITAL_KEY, _digest);
        bytes32 compact = bytes32(uint256(v - 27) << 255 | uint256(s));
        _expectRefused(true);
        _agreeWith(ILicences.PartySignature(HOSPITAL, abi.encodePacked(r, compact)), signed(INSTITUTE_KEY, _digest));
    }

    function testFuzz_anyOtherBytesAreRefused(bytes calldata noise) public {
        _expectRefused(true);
        _agreeWith(ILicences.PartySignature(HOSPITAL, noise), signed(INSTITUTE_KEY, _digest));
    }

    function testFuzz_noSignatureIsLongerThan1024Bytes(uint16 excess, bool licensor) public {
        ILicences.PartySignature memory given = signed(licensor ? HOSPITAL_KEY : INSTITUTE_KEY, _digest);
        given.signature = new bytes(uint256(1024) + excess);
        vm.expectRevert(
            excess == 0
                ? abi.encodeWithSelector(
                    ILicences.SignatureInvalid.selector, _licence, licensor ? HOSPITAL_ID : INSTITUTE_ID, given.signer
                )
                : abi.encodeWithSelector(
                    ILicences.SignatureTooLong.selector,
                    _licence,
                    licensor ? HOSPITAL_ID : INSTITUTE_ID,
                    given.signature.length,
                    1024
                )
        );
        if (licensor) licences.agree(_licence, terms(), _deadline, given, signed(INSTITUTE_KEY, _digest));
        else licences.agree(_licence, terms(), _deadline, signed(HOSPITAL_KEY, _digest), given);
    }

    function test_theZeroAddressDoesNotSign() public {
        vm.expectRevert(abi.encodeWithSelector(ILicences.SignatureInvalid.selector, _licence, HOSPITAL_ID, address(0)));
        _agreeWith(ILicences.PartySignature(address(0), new bytes(65)), signed(INSTITUTE_KEY, _digest));
    }

    function _conclude(bytes32 licensorDigest, bytes32 licenseeDigest) private {
        _agreeWith(signed(HOSPITAL_KEY, licensorDigest), signed(INSTITUTE_KEY, licenseeDigest));
    }

    function _agreeWith(ILicences.PartySignature memory licensor, ILicences.PartySignature memory licensee) private {
        licences.agree(_licence, terms(), _deadline, licensor, licensee);
    }

    function _expectRefused(bool licensor) private {
        (MemberId party, address signer) = licensor ? (HOSPITAL_ID, HOSPITAL) : (INSTITUTE_ID, INSTITUTE);
        vm.expectRevert(abi.encodeWithSelector(ILicences.SignatureInvalid.selector, _licence, party, signer));
    }

    function _mutated(ILicences.Agreement memory agreement, uint256 field, uint256 seed)
        private
        pure
        returns (ILicences.Agreement memory)
    {
        uint64 step = uint64(bound(seed, 1, type(uint24).max));
        if (field == 0) agreement.licence = LicenceId.wrap(LicenceId.unwrap(agreement.licence) + step);
        else if (field == 1) agreement.dataset = DatasetId.wrap(DatasetId.unwrap(agreement.dataset) + step);
        else if (field == 2) agreement.offer = OfferId.wrap(OfferId.unwrap(agreement.offer) + step);
        else if (field == 3) agreement.licensor = _other(agreement.licensor, step);
        else if (field == 4) agreement.licensee = _other(agreement.licensee, step);
        else if (field == 5) agreement.purposeDigest ^= bytes32(uint256(step));
        else if (field == 6) agreement.deliveryKeyX ^= step;
        else if (field == 7) agreement.deliveryKeyY ^= step;
        else if (field == 8) agreement.deadline += uint40(step);
        else agreement.terms = mutated(agreement.terms, field - 9, seed);
        return agreement;
    }

    function _other(MemberId member, uint64 step) private pure returns (MemberId) {
        return MemberId.wrap(MemberId.unwrap(member) + uint32(step));
    }

    function _digestOf(ILicences.Agreement memory agreement, uint256 chain, address verifying)
        private
        pure
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(bytes(DOMAIN_TYPE)), keccak256("Research Data Ledger"), keccak256("1"), chain, verifying
            )
        );
        bytes32 struct_ =
            vm.eip712HashStruct(string.concat(AGREEMENT_TYPE, SHARES_TYPE, TERMS_TYPE), abi.encode(agreement));
        return keccak256(abi.encodePacked(hex"1901", domain, struct_));
    }
}
