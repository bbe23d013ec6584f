// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IKeyExchange} from "../interfaces/IKeyExchange.sol";
import {ILicences} from "../interfaces/ILicences.sol";
import {IMembers} from "../interfaces/IMembers.sol";
import {LicenceId, MemberId} from "../types/Ids.sol";
import {Secp256k1} from "./Secp256k1.sol";

/// @title KeyExchange
/// @notice Delivery of dataset keys, as {IKeyExchange} states it.
contract KeyExchange is IKeyExchange {
    IMembers private immutable _members;
    ILicences private immutable _licences;

    mapping(LicenceId licence => Delivery) private _deliveries;

    constructor(IMembers members, ILicences licences) {
        _members = members;
        _licences = licences;
        if (licences.keyExchange() != address(this)) revert LicencesBoundElsewhere(licences.keyExchange());
    }

    /// @inheritdoc IKeyExchange
    function deliver(LicenceId licence, bytes32 wrappedKey, uint8 ephemeralPrefix, uint256 ephemeralX) external {
        MemberId licensor = _licences.licenceById(licence).licensor;
        MemberId member = _members.memberOf(msg.sender);
        if (member.isNoMember() || member != licensor) revert ILicences.NotLicensor(licence, licensor, member);
        (bool valid,) = Secp256k1.decompress(ephemeralPrefix, ephemeralX);
        if (!valid) revert EphemeralKeyInvalid(ephemeralPrefix, ephemeralX);

        _deliveries[licence] = Delivery({
            wrappedKey: wrappedKey,
            ephemeralX: ephemeralX,
            ephemeralPrefix: ephemeralPrefix,
            deliveredAt: uint40(block.timestamp) // in range for 34,000 years
        });
        emit KeyDelivered(licence, licensor, wrappedKey, ephemeralPrefix, ephemeralX);

        // Refuses unless the licence is paid, so a key is delivered once and never replaced.
        _licences.recordDelivery(licence);
    }

    /// @inheritdoc IKeyExchange
    function deliveryOf(LicenceId licence) external view returns (Delivery memory) {
        return _deliveries[licence];
    }
}
