// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {Datasets} from "../../../contracts/datasets/Datasets.sol";
import {KeyExchange} from "../../../contracts/delivery/KeyExchange.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IOffers} from "../../../contracts/interfaces/IOffers.sol";
import {Licences} from "../../../contracts/licensing/Licences.sol";
import {Offers} from "../../../contracts/licensing/Offers.sol";
import {Members} from "../../../contracts/members/Members.sol";
import {PlainToken} from "../../../contracts/mocks/PlainToken.sol";
import {Benefits} from "../../../contracts/payments/Benefits.sol";
import {DatasetId, LicenceId, MemberId, OfferId} from "../../../contracts/types/Ids.sol";
import {DatasetStatus, LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {Vm} from "../support/Vm.sol";
import {Mirror} from "./Mirror.sol";
import {Steps} from "./Steps.sol";

/// @title Members at work, in any order
/// @notice Each act picks what it can act upon and does nothing if there is nothing; so an act that is tried must
/// succeed, and one that reverts is a fault. Every log goes to the mirror.
contract Handler is Steps {
    uint256 private constant MAX_DATASETS = 8;
    uint256 private constant MAX_COPIES = 4;
    uint256 private constant MAX_OFFERS = 12;

    Mirror public mirror;
    PlainToken public plain;

    mapping(address token => uint256) public paidOut;
    mapping(address token => uint256) public donated;

    function setUp() public override {
        vm.recordLogs();
        super.setUp();
        plain = new PlainToken();
        _allowToken(address(plain));
        plain.mint(INSTITUTE, 1e15);
        plain.mint(COMPANY, 1e15);
        vm.startPrank(OPERATOR);
        token.mint(INSTITUTE, 1e15);
        token.mint(COMPANY, 1e15);
        vm.stopPrank();
        _registerDeliveryKey(HOSPITAL, HOSPITAL_KEY);
        for (uint256 i = 0; i < 2; ++i) {
            _terms[_publish(HOSPITAL, _registered(), terms())] = terms();
        }
        mirror = new Mirror();
        mirror.learn(vm.getRecordedLogs());
    }

    modifier observed(string memory act) {
        uint64 before = licences.licenceCount();
        vm.recordLogs();
        _;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (logs.length != 0) ++count[act];
        mirror.learn(logs);
        assertTrue(licences.licenceCount() >= before, "licences are never forgotten");
        for (uint256 i = 0; i < logs.length; ++i) {
            _assertLicensedWhileAvailable(logs[i].topics);
            _assertSoulbound(logs[i]);
        }
    }

    // Datasets and offers.

    function register(uint256 seed, uint256 embargo) external observed("register") {
        uint64 total = datasets.datasetCount();
        address holder = seed % 2 == 0 ? HOSPITAL : INSTITUTE;
        if (total >= MAX_DATASETS || !_isActive(members.memberOf(holder)) || !_isActive(HOSPITAL_ID)) return;
        IDatasets.Registration memory stated = registration();
        if (embargo % 4 == 0) stated.embargoUntil = uint40(block.timestamp + bound(embargo, 0, 30 days));
        if (seed % 3 == 0 && total != 0) {
            stated.parents = new DatasetId[](1);
            stated.parents[0] = DatasetId.wrap(uint64(seed % total + 1));
        }
        if (seed % 5 == 0 && total != 0) {
            DatasetId former = DatasetId.wrap(uint64(seed % total + 1));
            (, DatasetId by) = datasets.versionsOf(former);
            if (by.isNoDataset() && datasets.holderOf(former) == members.memberOf(holder)) stated.supersedes = former;
        }
        _register(holder, stated);
    }

    function publish(uint256 seed, uint128 price, uint16 a, uint16 b, uint16 c) external observed("publish") {
        if (offers.offerCount() >= MAX_OFFERS || datasets.datasetCount() == 0) return;
        DatasetId dataset = _dataset(seed);
        MemberId holder = datasets.holderOf(dataset);
        if (!datasets.isAvailable(dataset) || !_isActive(holder) || !_isActive(FUND_ID) || !_isActive(PLATFORM_ID)) {
            return;
        }
        Terms memory terms_ = seed % 7 == 0 ? freeTerms() : terms();
        if (terms_.price != 0) terms_.price = uint128(bound(price, 1, 1e9));
        if (terms_.price != 0 && seed % 3 == 0) terms_.token = address(plain);
        terms_.shares = splitOf(a, b, c);
        terms_.duration = uint32(bound(seed, 1 days, 60 days));
        _terms[_publish(members.principalOf(holder), dataset, terms_)] = terms_;
    }

    /// @dev What a holder and the consortium do with what is on offer.
    function steward(uint256 seed) external observed("steward") {
        if (seed % 8 == 0) _withdrawOffer(seed >> 8);
        else if (seed % 8 < 4) _changeStatus(seed >> 8);
        else if (seed % 8 < 6) _shortenEmbargo(seed >> 8);
        else if (seed % 8 == 6) _transfer(seed >> 8);
        else _takeOver(seed >> 8);
    }

    function _withdrawOffer(uint256 seed) private {
        if (offers.offerCount() == 0) return;
        OfferId offer = _offer(seed);
        if (!offers.offerById(offer).open) return;
        vm.prank(members.principalOf(datasets.holderOf(offers.datasetOf(offer))));
        offers.withdraw(offer);
    }

    function _changeStatus(uint256 seed) private {
        if (datasets.datasetCount() == 0) return;
        DatasetId dataset = _dataset(seed >> 8);
        DatasetStatus status = datasets.datasetById(dataset).status;
        if (status == DatasetStatus.Revoked) return _reinstateUnlessTaken(dataset);
        if (seed % 4 == 0) return _revoke(dataset);
        vm.startPrank(members.principalOf(datasets.holderOf(dataset)));
        if (status == DatasetStatus.Withdrawn) datasets.restore(dataset);
        else if (seed % 4 == 1) datasets.withdraw(dataset);
        vm.stopPrank();
    }

    function _reinstateUnlessTaken(DatasetId dataset) private {
        DatasetId named = datasets.datasetByManifest(datasets.datasetById(dataset).manifestDigest);
        if (datasets.datasetById(named).status == DatasetStatus.Revoked) _reinstate(dataset);
    }

    /// @dev What the stewards find to be a copy is revoked and registered by the other institution.
    function _takeOver(uint256 seed) private {
        uint64 total = datasets.datasetCount();
        if (total == 0 || total >= MAX_DATASETS + MAX_COPIES) return;
        bytes32 manifest = datasets.datasetById(_dataset(seed)).manifestDigest;
        DatasetId copy = datasets.datasetByManifest(manifest);
        IDatasets.Dataset memory record = datasets.datasetById(copy);
        address holder = record.holder == HOSPITAL_ID ? INSTITUTE : HOSPITAL;
        if (!_isActive(members.memberOf(holder)) || !_isActive(HOSPITAL_ID)) return;
        if (record.status != DatasetStatus.Revoked) _revoke(copy);
        IDatasets.Registration memory stated = registration();
        stated.manifestDigest = manifest;
        _register(holder, stated);
        ++count["taken over"];
    }

    function _shortenEmbargo(uint256 seed) private {
        if (datasets.datasetCount() == 0) return;
        DatasetId dataset = _dataset(seed);
        uint40 present = datasets.datasetById(dataset).embargoUntil;
        if (present == 0) return;
        vm.prank(members.principalOf(datasets.holderOf(dataset)));
        datasets.shortenEmbargo(dataset, uint40(bound(seed, 0, present - 1)));
    }

    function _transfer(uint256 seed) private {
        if (datasets.datasetCount() == 0) return;
        DatasetId dataset = _dataset(seed >> 8);
        address from = datasets.ownerOf(DatasetId.unwrap(dataset));
        address to = from == HOSPITAL ? INSTITUTE : HOSPITAL;
        if (!_isActive(members.memberOf(from)) || !_isActive(members.memberOf(to))) return;
        vm.prank(from);
        datasets.transferFrom(from, to, DatasetId.unwrap(dataset));
    }

    // Licences.

    function applyFor(uint256 seed) external observed("applyFor") {
        _applyAny(seed);
    }

    /// @dev One licence, one step or several on its way.
    function advance(uint256 seed, uint8 steps) external observed("advance") {
        LicenceId licence = _find(seed, 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 9);
        for (uint256 i = 0; i <= steps % 4 && !licence.isNoLicence(); ++i) {
            _advance(licence, seed);
        }
    }

    /// @dev To the payment, the delivery or the acceptance, unless a rule stands in the way.
    function license(uint256 seed) external observed("license") {
        LicenceId licence = _applyAny(seed);
        for (uint256 i = 0; i < 3 + (seed >> 8) % 3 && !licence.isNoLicence(); ++i) {
            _advance(licence, seed);
        }
    }

    /// @dev What ends a licence before its time.
    function giveUp(uint256 seed, address anyone) external observed("giveUp") {
        if (seed % 3 == 0) _reject(seed >> 8);
        else if (seed % 3 == 1) _cancel(seed >> 8);
        else _refund(seed >> 8, anyone);
    }

    function _reject(uint256 seed) private {
        LicenceId licence = _find(seed, 1 << 1 | 1 << 4);
        if (licence.isNoLicence()) return;
        vm.prank(members.principalOf(_holderOf(licence)));
        licences.reject(licence, REASONS);
        ++count["rejected"];
    }

    function _cancel(uint256 seed) private {
        LicenceId licence = _find(seed, 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6);
        if (licence.isNoLicence()) return;
        vm.prank(_licenseeOf(licence));
        licences.cancel(licence);
        ++count["cancelled"];
    }

    function _refund(uint256 seed, address anyone) private {
        LicenceId licence = _find(seed, 1 << 7 | 1 << 8 | 1 << 9);
        if (licence.isNoLicence()) return;
        LicenceState state = licences.stateOf(licence);
        bool due = state == LicenceState.Overdue || (state == LicenceState.Paid && !_isDeliverable(licence));
        vm.prank(due ? anyone : members.principalOf(licences.licenceById(licence).licensor));
        licences.refund(licence);
        ++count["refunded"];
    }

    function settle(uint256 seed, address anyone) external observed("settle") {
        uint64 total = licences.licenceCount();
        for (uint64 i = 0; i < total; ++i) {
            LicenceId licence = LicenceId.wrap(uint64((seed % total + i) % total + 1));
            LicenceState state = licences.stateOf(licence);
            bool usable = state == LicenceState.Active || state == LicenceState.Expired;
            if (!usable || mirror.settled(licence)) continue;
            vm.prank(anyone);
            return licences.settle(licence);
        }
    }

    function renew(uint256 seed) external observed("renew") {
        LicenceId licence = _find(seed, 1 << 10 | 1 << 11);
        if (licence.isNoLicence()) return;
        ILicences.Licence memory record = licences.licenceById(licence);
        IOffers.Offer memory offer = offers.offerById(record.offer);
        bool early = record.expiresAt > block.timestamp + offer.duration;
        if (early || !offer.open || !datasets.isAvailable(offer.dataset) || !_isActive(record.licensee)) return;
        _allow(licence, offer.price);
        vm.prank(_licenseeOf(licence));
        licences.renew(licence, offer.price);
        paidIn[offer.token] += offer.price;
    }

    function ledger() external view returns (Members, Datasets, Offers, Licences, Benefits, KeyExchange) {
        return (members, datasets, offers, licences, benefits, keyExchange);
    }

    function tokens() external view returns (address[2] memory) {
        return [address(token), address(plain)];
    }

    // Money, members, time.

    function withdraw(uint256 seed, address anyone) external observed("withdraw") {
        for (uint256 i = 0; i < 10; ++i) {
            uint256 place = (seed % 10 + i) % 10;
            MemberId member = MemberId.wrap(uint32(place % 5 + 1));
            address money = place < 5 ? address(plain) : address(token);
            if (benefits.balanceOf(member, money) == 0) continue;
            vm.prank(anyone);
            paidOut[money] += benefits.withdraw(member, money);
            return;
        }
    }

    /// @dev What matters less, in one act: gifts, new keys, new windows.
    function turn(uint256 seed) external observed("turn") {
        if (seed % 3 == 0) _donate(seed >> 8, seed % 2 == 0);
        else if (seed % 3 == 1) _registerDeliveryKey(_applicant(seed), bound(seed, 1, GROUP_ORDER - 1));
        else _changeWindows(seed);
    }

    function _donate(uint256 amount, bool inPlain) private {
        address money = inPlain ? address(plain) : address(token);
        amount = bound(amount, 1, 1e6);
        vm.prank(COMPANY);
        IERC20(money).transfer(address(benefits), amount);
        donated[money] += amount;
    }

    /// @dev Some go into bad standing, and come back soon.
    function changeStanding(uint256 seed) external observed("changeStanding") {
        for (uint32 id = 1; id <= 5; ++id) {
            if (!_isActive(MemberId.wrap(id))) return _setStatus(MemberId.wrap(id), MemberStatus.Active);
        }
        if (seed % 2 == 0) _setStatus(MemberId.wrap(uint32(seed % 5 + 1)), MemberStatus.Suspended);
    }

    function _changeWindows(uint256 seed) private {
        uint32 window = uint32(bound(seed, 1 days, 20 days));
        vm.prank(OPERATOR);
        licences.setWindows(ILicences.Windows(window, window + 1 days, window + 2 days));
    }

    function wait(uint256 time) external observed("wait") {
        vm.warp(block.timestamp + bound(time, 1 hours, 10 days));
    }

    function _assertLicensedWhileAvailable(bytes32[] memory topics) private view {
        bool licensing = topics[0] == ILicences.LicenceApplied.selector || topics[0] == ILicences.LicenceAgreed.selector
            || topics[0] == ILicences.LicencePaid.selector || topics[0] == ILicences.LicenceDelivered.selector
            || topics[0] == ILicences.LicenceRenewed.selector;
        if (!licensing) return;
        LicenceId licence = LicenceId.wrap(uint64(uint256(topics[1])));
        DatasetId dataset = _datasetOf(licence);
        DatasetStatus status = datasets.datasetById(dataset).status;
        bool soldBefore = topics[0] == ILicences.LicenceDelivered.selector && status == DatasetStatus.Withdrawn
            && mirror.withdrawnBy(dataset) != licences.licenceById(licence).licensor;
        assertTrue(status == DatasetStatus.Active || soldBefore, "what is withdrawn or revoked is never licensed");
    }

    function _assertSoulbound(Vm.Log memory log) private view {
        if (log.emitter != address(licences) || log.topics[0] != IERC721.Transfer.selector) return;
        assertTrue(log.topics[1] == 0 || log.topics[2] == 0, "a licence is minted and burned and never moves");
    }
}
