// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILicences} from "../interfaces/ILicences.sol";
import {LicenceId, MemberId, OfferId} from "../types/Ids.sol";
import {LicenceState} from "../types/States.sol";

/// @title Life of a licence
/// @notice What is stored for a licence, and the state that follows from it now.
///
///     Applied ─▶ Approved ─▶ Agreed ─▶ Paid ─▶ Delivered ─▶ Active ⇄ Expired     by time: Agreed    ─▶ Lapsed
///        │           │         │         └───────┬──┘                                      Paid      ─▶ Overdue
///        ▼           ▼         ▼                 ▼                                         Delivered ─▶ Active
///     Rejected / Cancelled  Cancelled         Refunded                                     Active    ─▶ Expired
library Lifecycle {
    /// @dev {ILicences.Licence}, and what else the acts need to know. The fields before the digests fill one slot.
    /// @param priced Whether there is money in {IBenefits} for it.
    /// @param settled Whether the first term's price has been split; for a free licence, whether it was settled.
    struct Record {
        OfferId offer;
        MemberId licensee;
        MemberId licensor;
        LicenceState stage;
        uint40 deadline;
        uint40 expiresAt;
        bool priced;
        bool settled;
        bytes32 purposeDigest;
        bytes32 agreementDigest;
        bytes32 deliveryKeyDigest;
    }

    /// @notice The state now. A deadline is the last second in which the step it is for can be taken; a licence ends
    /// with the second before `expiresAt`. It cannot end before the time to examine the delivery has.
    function stateOf(Record storage self) internal view returns (LicenceState) {
        LicenceState stage = self.stage;
        bool late = block.timestamp > self.deadline;
        if (stage == LicenceState.Agreed) return late ? LicenceState.Lapsed : stage;
        if (stage == LicenceState.Paid) return late ? LicenceState.Overdue : stage;
        if (stage == LicenceState.Delivered && !late) return stage;
        if (stage == LicenceState.Delivered || stage == LicenceState.Active) {
            return block.timestamp < self.expiresAt ? LicenceState.Active : LicenceState.Expired;
        }
        return stage;
    }

    /// @notice Whether the licensee may use the data now.
    function isInForce(Record storage self) internal view returns (bool) {
        LicenceState stage = self.stage;
        bool delivered = stage == LicenceState.Delivered || stage == LicenceState.Active;
        return delivered && block.timestamp < self.expiresAt;
    }

    /// @notice The gate that every act passes: refuses unless the state now is among `accepted`.
    /// @dev Reverts with {ILicences.LicenceUnknown}, {ILicences.LicenceStateRefused}.
    /// @param accepted Bit n is set for each state n that is accepted.
    function requireState(Record storage self, LicenceId licence, uint256 accepted)
        internal
        view
        returns (LicenceState state)
    {
        state = stateOf(self);
        if (state == LicenceState.None) revert ILicences.LicenceUnknown(licence);
        if ((accepted >> uint8(state)) & 1 == 0) revert ILicences.LicenceStateRefused(licence, state, accepted);
    }

    /// @notice Begins a stage that the other side must end within `window` seconds.
    function begin(Record storage self, LicenceState stage, uint32 window) internal returns (uint40 deadline) {
        deadline = uint40(block.timestamp) + window; // both in range for 34,000 years
        (self.stage, self.deadline) = (stage, deadline);
    }

    /// @notice The record as the interface shows it.
    function asLicence(Record storage self) internal view returns (ILicences.Licence memory) {
        return ILicences.Licence({
            offer: self.offer,
            licensee: self.licensee,
            licensor: self.licensor,
            stage: self.stage,
            deadline: self.deadline,
            expiresAt: self.expiresAt,
            purposeDigest: self.purposeDigest,
            agreementDigest: self.agreementDigest,
            deliveryKeyDigest: self.deliveryKeyDigest
        });
    }
}
