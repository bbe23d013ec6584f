// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {DatasetId} from "../../../contracts/types/Ids.sol";
import {DatasetStatus} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title Manifests that somebody copied from a pending registration
contract CopiesTest is World {
    IDatasets.Registration private _mine;
    DatasetId private _copy;

    function setUp() public override {
        super.setUp();
        IDatasets.Registration memory mine = registration();
        _mine = mine;
        mine.collector = INSTITUTE_ID;
        _copy = _register(INSTITUTE, mine);
    }

    function test_aCopyStandsInTheWayUntilItIsRevoked() public {
        _expectDuplicate(_copy);
        _register(HOSPITAL, _mine);
        vm.prank(INSTITUTE);
        datasets.withdraw(_copy);
        _expectDuplicate(_copy);
        _register(HOSPITAL, _mine);

        _revoke(_copy);
        DatasetId dataset = _register(HOSPITAL, _mine);
        _assertNamed(dataset);
        assertTrue(datasets.isAvailable(dataset), "available");
        _expectDuplicate(dataset);
        _register(HOSPITAL, _mine);
    }

    function test_whoseCopyWasRevokedDoesNotComeFirstAgain() public {
        _revoke(_copy);
        _expectDuplicate(_copy);
        _register(INSTITUTE, _mine);
    }

    function test_aRevokedCopyIsNotReinstatedBesideTheOriginal() public {
        _revoke(_copy);
        DatasetId dataset = _register(HOSPITAL, _mine);
        _expectDuplicate(dataset);
        _reinstate(_copy);
        _withdraw(dataset);
        _expectDuplicate(dataset);
        _reinstate(_copy);
        _assertNamed(dataset);
    }

    /// @dev Whoever took over a manifest that was revoked by mistake does not keep it for ever either.
    function test_reinstatementTakesTheManifestBackFromWhatIsRevoked() public {
        _revoke(_copy);
        DatasetId other = _register(HOSPITAL, _mine);
        _revoke(other);
        _reinstate(_copy);
        _assertNamed(_copy);
        _expectDuplicate(_copy);
        _reinstate(other);
        _expectDuplicate(_copy);
        _register(HOSPITAL, _mine);
    }

    function test_twoInOneBatchAreOneTooMany() public {
        _revoke(_copy);
        IDatasets.Registration[] memory batch = new IDatasets.Registration[](2);
        (batch[0], batch[1]) = (_mine, _mine);
        _expectDuplicate(DatasetId.wrap(2));
        vm.prank(HOSPITAL);
        datasets.register(batch);
    }

    function test_aRevokedDatasetIsFoundByItsManifest() public {
        _revoke(_copy);
        _assertNamed(_copy);
        _reinstate(_copy);
        assertEq(uint256(datasets.datasetById(_copy).status), uint256(DatasetStatus.Active), "status");
    }

    function _expectDuplicate(DatasetId existing) private {
        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetDuplicate.selector, _mine.manifestDigest, existing));
    }

    function _assertNamed(DatasetId dataset) private view {
        assertTrue(datasets.datasetByManifest(_mine.manifestDigest) == dataset, "by manifest");
    }
}
