// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {IOffers} from "../../../contracts/interfaces/IOffers.sol";
import {DatasetId, MemberId} from "../../../contracts/types/Ids.sol";
import {Kinds} from "../../../contracts/types/Kinds.sol";
import {MemberStatus} from "../../../contracts/types/States.sol";
import {DuoCodes, Shares, Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @title Which terms an offer may have
contract TermsTest is World {
    DatasetId private _dataset;

    function setUp() public override {
        super.setUp();
        _dataset = _registered();
    }

    // Data use.

    /// @dev Each code of DUO, once: permissions stand alone, modifiers beside one, nothing else is known.
    function test_everyCodeIsWhatDuoSays() public {
        for (uint8 code = 0; code < 64; ++code) {
            bool permission = code == 4 || code == 6 || code == 7 || code == 11 || code == 42;
            Terms memory terms_ = _withParameters(duo(code));
            if (!permission) _expectDuoRefused(terms_.duoCodes);
            _publish(HOSPITAL, _dataset, terms_);

            if (permission) continue;
            terms_ = _withParameters(duo(42, code));
            if (!_isModifier(code)) _expectDuoRefused(terms_.duoCodes);
            _publish(HOSPITAL, _dataset, terms_);
        }
    }

    function testFuzz_exactlyOnePermissionAndKnownModifiers(uint64 bits) public {
        uint256 permissions;
        bool known = true;
        for (uint8 code = 0; code < 64; ++code) {
            if (bits >> code & 1 == 0) continue;
            bool permission = code == 4 || code == 6 || code == 7 || code == 11 || code == 42;
            if (permission) ++permissions;
            else if (!_isModifier(code)) known = false;
        }
        Terms memory terms_ = _withParameters(DuoCodes.wrap(bits));
        if (permissions != 1 || !known) _expectDuoRefused(terms_.duoCodes);
        _publish(HOSPITAL, _dataset, terms_);
    }

    function test_noTwoPermissions() public {
        uint8[5] memory permissions = [4, 6, 7, 11, 42];
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                Terms memory terms_ = _withParameters(duo(permissions[i], permissions[j]));
                _expectDuoRefused(terms_.duoCodes);
                _publish(HOSPITAL, _dataset, terms_);
            }
        }
    }

    function testFuzz_conditionsAndParametersGoTogether(
        bool disease,
        bool country,
        bool moratorium,
        bytes32 diseases,
        uint40 until
    ) public {
        Terms memory terms_ = terms();
        uint64 bits = disease ? 1 << 7 : uint64(1) << 42;
        if (country) bits |= 1 << 22;
        if (moratorium) bits |= 1 << 24;
        terms_.duoCodes = DuoCodes.wrap(bits);
        terms_.diseasesDigest = diseases;
        terms_.moratoriumUntil = until;
        terms_.country = uint8(diseases[0]) % 2 == 0 ? bytes2(0) : bytes2("CN");

        if (disease != (diseases != 0)) _expectParameterRefused(7);
        else if (country != (terms_.country != 0)) _expectParameterRefused(22);
        else if (moratorium != (until != 0)) _expectParameterRefused(24);
        _publish(HOSPITAL, _dataset, terms_);
    }

    function test_eachParameterIsNeededAndOnlyWithItsCondition() public {
        Terms memory terms_ = terms();
        terms_.duoCodes = duo(7);
        _expectParameterRefused(7);
        _publish(HOSPITAL, _dataset, terms_);
        terms_ = terms();
        terms_.diseasesDigest = PURPOSE;
        _expectParameterRefused(7);
        _publish(HOSPITAL, _dataset, terms_);
        terms_ = terms();
        terms_.duoCodes = duo(42, 22);
        _expectParameterRefused(22);
        _publish(HOSPITAL, _dataset, terms_);
        terms_ = terms();
        terms_.country = "DE";
        _expectParameterRefused(22);
        _publish(HOSPITAL, _dataset, terms_);
        terms_ = terms();
        terms_.duoCodes = duo(42, 24);
        _expectParameterRefused(24);
        _publish(HOSPITAL, _dataset, terms_);
        terms_ = terms();
        terms_.moratoriumUntil = soon();
        _expectParameterRefused(24);
        _publish(HOSPITAL, _dataset, terms_);
    }

    function testFuzz_theCountryIsTwoCapitals(bytes2 country) public {
        vm.assume(country != 0);
        Terms memory terms_ = terms();
        (terms_.duoCodes, terms_.country) = (duo(42, 22), country);
        bool capitals =
            uint8(country[0]) > 64 && uint8(country[0]) < 91 && uint8(country[1]) > 64 && uint8(country[1]) < 91;
        if (!capitals) _expectParameterRefused(22);
        _publish(HOSPITAL, _dataset, terms_);
    }

    // Shares.

    function testFuzz_sharesSumToTheWhole(uint16 collector, uint16 holder, uint16 fund, uint16 platform) public {
        Terms memory terms_ = terms();
        terms_.shares = Shares({
            fund: fund == 0 ? NOBODY : FUND_ID,
            platform: platform == 0 ? NOBODY : PLATFORM_ID,
            collectorShare: collector,
            holderShare: holder,
            fundShare: fund,
            platformShare: platform
        });
        uint256 sum = uint256(collector) + holder + fund + platform;
        if (sum != 10_000) vm.expectRevert(abi.encodeWithSelector(IOffers.SharesInvalid.selector, sum));
        _publish(HOSPITAL, _dataset, terms_);
    }

    function testFuzz_everySplitOfTheWholeIsTaken(uint16 a, uint16 b, uint16 c) public {
        Terms memory terms_ = terms();
        uint16 collector = uint16(bound(a, 0, 10_000));
        uint16 fund = uint16(bound(b, 0, 10_000 - collector));
        uint16 platform = uint16(bound(c, 0, 10_000 - collector - fund));
        terms_.shares = Shares({
            fund: fund == 0 ? NOBODY : FUND_ID,
            platform: platform == 0 ? NOBODY : PLATFORM_ID,
            collectorShare: collector,
            holderShare: 10_000 - collector - fund - platform,
            fundShare: fund,
            platformShare: platform
        });
        _publish(HOSPITAL, _dataset, terms_);
    }

    /// @dev 65,536 + 10,000 wraps to 10,000 in the width of a share.
    function test_sharesDoNotWrapAround() public {
        Terms memory terms_ = terms();
        terms_.shares = Shares(NOBODY, NOBODY, 65_535, 10_001, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IOffers.SharesInvalid.selector, 75_536));
        _publish(HOSPITAL, _dataset, terms_);
    }

    function test_aShareHasAReceiverAndAReceiverAShare() public {
        _expectSharesRefused(Shares(NOBODY, PLATFORM_ID, 2_500, 5_500, 1_500, 500));
        _expectSharesRefused(Shares(FUND_ID, NOBODY, 2_500, 5_500, 1_500, 500));
        _expectSharesRefused(Shares(FUND_ID, PLATFORM_ID, 2_500, 7_000, 0, 500));
        _expectSharesRefused(Shares(FUND_ID, PLATFORM_ID, 2_500, 6_000, 1_500, 0));
    }

    function test_receiversAreOfTheirKind() public {
        Terms memory terms_ = terms();
        terms_.shares.fund = PLATFORM_ID;
        vm.expectRevert(
            abi.encodeWithSelector(IMembers.MemberLacksKind.selector, PLATFORM_ID, Kinds.PLATFORM, Kinds.FUND)
        );
        _publish(HOSPITAL, _dataset, terms_);

        terms_ = terms();
        terms_.shares.platform = FUND_ID;
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberLacksKind.selector, FUND_ID, Kinds.FUND, Kinds.PLATFORM));
        _publish(HOSPITAL, _dataset, terms_);
    }

    function test_receiversAreActiveMembers() public {
        Terms memory terms_ = terms();
        terms_.shares.fund = MemberId.wrap(50);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberUnknown.selector, MemberId.wrap(50)));
        _publish(HOSPITAL, _dataset, terms_);

        _setStatus(PLATFORM_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, PLATFORM_ID, MemberStatus.Suspended));
        _publish(HOSPITAL, _dataset, terms());
    }

    // Price, token, duration, prose.

    function test_priceAndTokenGoTogether() public {
        Terms memory terms_ = terms();
        terms_.price = 0;
        vm.expectRevert(abi.encodeWithSelector(IOffers.PriceWithoutToken.selector, address(token), 0));
        _publish(HOSPITAL, _dataset, terms_);

        terms_ = terms();
        terms_.token = address(0);
        vm.expectRevert(abi.encodeWithSelector(IOffers.PriceWithoutToken.selector, address(0), PRICE));
        _publish(HOSPITAL, _dataset, terms_);

        _publish(HOSPITAL, _dataset, freeTerms());
    }

    function testFuzz_onlyAllowedTokens(address other) public {
        vm.assume(other != address(0) && other != address(token));
        Terms memory terms_ = terms();
        terms_.token = other;
        vm.expectRevert(abi.encodeWithSelector(IOffers.TokenNotAllowed.selector, other));
        _publish(HOSPITAL, _dataset, terms_);
    }

    function test_aTokenNoLongerAllowedIsRefused() public {
        vm.prank(OPERATOR);
        benefits.setTokenAllowed(address(token), false);
        vm.expectRevert(abi.encodeWithSelector(IOffers.TokenNotAllowed.selector, address(token)));
        _publish(HOSPITAL, _dataset, terms());
    }

    function testFuzz_aDayToAHundredYears(uint32 duration) public {
        Terms memory terms_ = terms();
        terms_.duration = duration;
        if (duration < 1 days || duration > 36_500 days) {
            vm.expectRevert(abi.encodeWithSelector(IOffers.DurationInvalid.selector, duration));
        }
        _publish(HOSPITAL, _dataset, terms_);
    }

    function test_theDurationsBoundaries() public {
        Terms memory terms_ = terms();
        (uint32 shortest, uint32 longest) = (1 days, 36_500 days);
        terms_.duration = shortest;
        _publish(HOSPITAL, _dataset, terms_);
        terms_.duration = longest;
        _publish(HOSPITAL, _dataset, terms_);
        terms_.duration = shortest - 1;
        vm.expectRevert(abi.encodeWithSelector(IOffers.DurationInvalid.selector, shortest - 1));
        _publish(HOSPITAL, _dataset, terms_);
        terms_.duration = longest + 1;
        vm.expectRevert(abi.encodeWithSelector(IOffers.DurationInvalid.selector, longest + 1));
        _publish(HOSPITAL, _dataset, terms_);
    }

    function test_theProseIsNamed() public {
        Terms memory terms_ = terms();
        terms_.proseDigest = 0;
        vm.expectRevert(abi.encodeWithSelector(IOffers.ProseMissing.selector));
        _publish(HOSPITAL, _dataset, terms_);
    }

    function _withParameters(DuoCodes codes) private view returns (Terms memory terms_) {
        terms_ = terms();
        terms_.duoCodes = codes;
        if (codes.has(7)) terms_.diseasesDigest = PURPOSE;
        if (codes.has(22)) terms_.country = "DE";
        if (codes.has(24)) terms_.moratoriumUntil = soon();
    }

    function _isModifier(uint8 code) private pure returns (bool) {
        return code == 12 || (code >= 15 && code <= 16) || (code >= 18 && code <= 22) || (code >= 24 && code <= 29)
            || (code >= 43 && code <= 46);
    }

    function _expectDuoRefused(DuoCodes codes) private {
        vm.expectRevert(abi.encodeWithSelector(IOffers.DuoCodesInvalid.selector, codes));
    }

    function _expectParameterRefused(uint8 code) private {
        vm.expectRevert(abi.encodeWithSelector(IOffers.DuoParameterInvalid.selector, code));
    }

    function _expectSharesRefused(Shares memory refused) private {
        Terms memory terms_ = terms();
        terms_.shares = refused;
        vm.expectRevert(abi.encodeWithSelector(IOffers.SharesInvalid.selector, 10_000));
        _publish(HOSPITAL, _dataset, terms_);
    }
}
