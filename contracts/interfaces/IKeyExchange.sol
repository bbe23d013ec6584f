// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LicenceId, MemberId} from "../types/Ids.sol";

/// @title Delivery of dataset keys (R4.6)
/// @notice The holder of a paid licence puts the dataset key K on the ledger, blinded for the licensee alone:
///
///     S = e·B                                    e: the holder's fresh secret, B: the licensee's delivery key
///     wrappedKey = K ⊕ keccak256("ledger/key-delivery/v1" ‖ chain id ‖ this contract ‖ licence ‖ S.x ‖ S.y)
///     ephemeralKey = e·G                         compressed: prefix 2 or 3, and x
///
/// - Only the delivery key fixed in the agreement opens it: B never changes for a licence.
/// - Chain, contract and licence are part of the blinding, so a delivery copied elsewhere opens nothing.
/// - What a later proof needs to judge a wrong key is stored: the wrapped key and the ephemeral key here, the digest
///   of B in {ILicences}, the commitment keccak256(K) in {IDatasets}.
/// - NOT checked here: that the wrapped key is the right one. The licensee checks it against the commitment.
interface IKeyExchange {
    /// @notice A delivered key.
    /// @param wrappedKey The blinded dataset key.
    /// @param ephemeralX The ephemeral public key's x.
    /// @param ephemeralPrefix 2 if its y is even, 3 if odd (SEC 1, 2.3.3).
    /// @param deliveredAt Unix time, in seconds; zero if nothing was delivered.
    struct Delivery {
        bytes32 wrappedKey;
        uint256 ephemeralX;
        uint8 ephemeralPrefix;
        uint40 deliveredAt;
    }

    /// @notice The key for a licence was delivered by a member's account.
    /// @param licence The licence.
    /// @param licensor The licensor.
    /// @param wrappedKey The blinded dataset key.
    /// @param ephemeralPrefix 2 if the ephemeral key's y is even, 3 if it is odd.
    /// @param ephemeralX The ephemeral key's x.
    event KeyDelivered(
        LicenceId indexed licence,
        MemberId indexed licensor,
        bytes32 wrappedKey,
        uint8 ephemeralPrefix,
        uint256 ephemeralX
    );

    /// @notice The ephemeral key is not a point on secp256k1.
    /// @dev Send the compressed public key of a fresh secret.
    /// @param prefix The prefix given.
    /// @param x The point's x.
    error EphemeralKeyInvalid(uint8 prefix, uint256 x);

    /// @notice The licences contract takes deliveries from another address.
    /// @dev Deploy the contracts again, each with the address that the other will have.
    /// @param keyExchange The address that it is bound to.
    error LicencesBoundElsewhere(address keyExchange);

    /// @notice Delivers the key of a paid licence.
    /// @dev Caller: an account of the licensor, even a suspended one: it fulfils what it has signed.
    /// Reverts with {ILicences.LicenceUnknown}, {ILicences.NotLicensor}, {ILicences.LicenceStateRefused},
    /// {EphemeralKeyInvalid}, {IDatasets.DatasetNotAvailable} (withdrawn or revoked since it was paid).
    /// @param licence The paid licence.
    /// @param wrappedKey The blinded dataset key.
    /// @param ephemeralPrefix 2 if the ephemeral key's y is even, 3 if it is odd.
    /// @param ephemeralX The ephemeral key's x.
    function deliver(LicenceId licence, bytes32 wrappedKey, uint8 ephemeralPrefix, uint256 ephemeralX) external;

    /// @notice What was delivered for a licence; all zero if nothing was.
    /// @param licence Its id.
    function deliveryOf(LicenceId licence) external view returns (Delivery memory);
}
