// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LicenceId, MemberId} from "../types/Ids.sol";
import {EscrowStatus} from "../types/States.sol";
import {Shares} from "../types/Terms.sol";

/// @title Benefits: escrow and split of payments (R2.1, R3.3)
/// @notice Holds the price of each licence until it is earned or given back, then owes it to members, who withdraw.
/// - Conservation: for every token, funded escrows plus balances equals what came in minus what went out, exactly.
/// - Pull, never push: nobody's refusal to receive can hold up another.
/// - Balances belong to members, not to accounts, and are paid to the member's principal whoever calls.
/// - Withdrawals know no pause, no suspension and no expulsion (R4.6).
/// - One contract moves escrows, {licences}, fixed at deployment: no role and no administrator can.
/// - Tokens must move exactly what they are told: one that takes a fee or rebases is refused.
/// - Tokens sent here directly belong to nobody and cannot be recovered.
interface IBenefits {
    /// @notice The money of one licence.
    /// @param token Settlement token.
    /// @param payer Member to which a refund goes.
    /// @param status Standing.
    /// @param amount Price, in token units.
    struct Escrow {
        address token;
        MemberId payer;
        EscrowStatus status;
        uint128 amount;
    }

    /// @notice Who receives the parts of {Shares}: collector and holder of the dataset, fund and platform as named.
    /// Whatever rounding leaves goes to the holder.
    struct Split {
        MemberId collector;
        MemberId holder;
        Shares shares;
    }

    /// @notice An ERC-2612 permit by the paying account for exactly the price, spendable by this contract.
    /// @param deadline Unix time, in seconds, after which the token refuses it.
    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice The price of a licence is due.
    /// @param licence The licence.
    /// @param token Settlement token.
    /// @param payer Member to which a refund goes.
    /// @param amount Price, in token units.
    event EscrowInvoiced(LicenceId indexed licence, address indexed token, MemberId indexed payer, uint128 amount);

    /// @notice The price of a licence came in from an account.
    /// @param licence The licence.
    /// @param from Account that paid.
    event EscrowFunded(LicenceId indexed licence, address indexed from);

    /// @notice The price is no longer due.
    /// @param licence The licence.
    event EscrowCancelled(LicenceId indexed licence);

    /// @notice The price was split; one {Credited} follows for each part.
    /// @param licence The licence.
    event EscrowSettled(LicenceId indexed licence);

    /// @notice The price was given back; one {Credited} follows.
    /// @param licence The licence.
    event EscrowRefunded(LicenceId indexed licence);

    /// @notice The price of a further term came in and was split; one {Credited} follows for each part.
    /// @param licence The licence.
    /// @param from Account that paid.
    /// @param token Settlement token.
    /// @param amount Price, in token units.
    event RenewalCollected(LicenceId indexed licence, address indexed from, address indexed token, uint128 amount);

    /// @notice A member's balance grew.
    /// @param member The member.
    /// @param token Settlement token.
    /// @param licence The licence.
    /// @param amount Token units.
    event Credited(MemberId indexed member, address indexed token, LicenceId indexed licence, uint256 amount);

    /// @notice A member's whole balance was paid to its principal.
    /// @param member The member.
    /// @param token Settlement token.
    /// @param to Principal account that was paid.
    /// @param amount Token units.
    event Withdrawn(MemberId indexed member, address indexed token, address indexed to, uint256 amount);

    /// @notice A token is accepted in new offers, or no longer.
    /// @param token Settlement token.
    /// @param allowed Whether new offers may name it.
    event TokenAllowed(address indexed token, bool allowed);

    /// @notice The escrow is in a status that does not allow this.
    /// @dev Read the licence's state.
    /// @param licence The licence.
    /// @param status Status of the escrow.
    error EscrowStatusRefused(LicenceId licence, EscrowStatus status);

    /// @notice The token did not move exactly the amount it was told to.
    /// @dev Use a token without fees on transfer.
    /// @param token Settlement token.
    /// @param expected Token units that it was told to move.
    /// @param received Token units that moved.
    error TransferInexact(address token, uint256 expected, uint256 received);

    /// @notice The permit's deadline has passed and there is no sufficient allowance.
    /// @dev Sign a new permit, or approve the price.
    /// @param deadline The permit's deadline, Unix time in seconds.
    error PermitExpired(uint256 deadline);

    /// @notice The permit was not accepted by the token and there is no sufficient allowance.
    /// @dev Sign the permit with the paying account for the exact price, or approve the price.
    /// @param token Settlement token.
    /// @param payer Account that pays.
    error PermitRefused(address token, address payer);

    /// @notice The member has nothing to withdraw in this token.
    /// @dev Read the member's balances first.
    /// @param member The member.
    /// @param token Settlement token.
    error NothingToWithdraw(MemberId member, address token);

    /// @notice Only the licences contract may do this.
    /// @dev Act on the licence instead: paying, settling and refunding are acts of {ILicences}.
    /// @param caller Who called.
    error NotLicences(address caller);

    /// @notice There is no token contract at this address.
    /// @dev Check the address and the network.
    /// @param token The address given.
    error TokenAbsent(address token);

    /// @notice Opens the escrow of a licence.
    /// @dev Caller: {ILicences} alone. Reverts with {NotLicences}, {EscrowStatusRefused}.
    /// @param licence Its id.
    /// @param token Settlement token.
    /// @param payer Member to which a refund goes.
    /// @param amount Price, in token units.
    function invoice(LicenceId licence, address token, MemberId payer, uint128 amount) external;

    /// @notice Takes the price from an account's allowance.
    /// @dev Caller: {ILicences} alone. Reverts with {NotLicences}, {EscrowStatusRefused}, {TransferInexact} and the
    /// token's errors.
    /// @param licence Its id.
    /// @param from Account of the payer, whose allowance to this contract is used.
    function fund(LicenceId licence, address from) external;

    /// @notice Like {fund}, with a permit by the account. If the token refuses it, a sufficient allowance does as well:
    /// a permit that somebody else has submitted first has left one.
    /// @dev Caller: {ILicences} alone. Also reverts with {PermitExpired}, {PermitRefused}.
    /// @param licence Its id.
    /// @param from Account of the payer.
    /// @param permit Its permit for exactly the price.
    function fundWithPermit(LicenceId licence, address from, Permit calldata permit) external;

    /// @notice Closes an escrow that was never funded.
    /// @dev Caller: {ILicences} alone. Reverts with {NotLicences}, {EscrowStatusRefused}.
    /// @param licence Its id.
    function cancel(LicenceId licence) external;

    /// @notice Credits the price to those it belongs to.
    /// @dev Caller: {ILicences} alone. Reverts with {NotLicences}, {EscrowStatusRefused}.
    /// @param licence Its id.
    /// @param split Who receives which part.
    function settle(LicenceId licence, Split calldata split) external;

    /// @notice Credits the price to the payer.
    /// @dev Caller: {ILicences} alone. Reverts with {NotLicences}, {EscrowStatusRefused}.
    /// @param licence Its id.
    function refund(LicenceId licence) external;

    /// @notice Takes the price of a further term from an account's allowance and credits it at once.
    /// @dev Caller: {ILicences} alone. Reverts with {NotLicences}, {TransferInexact} and the token's errors.
    /// @param licence Its id.
    /// @param token Settlement token.
    /// @param from Account of the payer, whose allowance to this contract is used.
    /// @param amount Price of the term, in token units.
    /// @param split Who receives which part.
    function collectRenewal(LicenceId licence, address token, address from, uint128 amount, Split calldata split)
        external;

    /// @notice Pays a member's whole balance in a token to its principal.
    /// @dev Caller: anyone. Reverts with {NothingToWithdraw}, {IMembers.MemberUnknown}, {TransferInexact} and the
    /// token's errors.
    /// @param member Its id.
    /// @param token Settlement token.
    /// @return amount What was paid, in token units.
    function withdraw(MemberId member, address token) external returns (uint256 amount);

    /// @notice Allows a token in new offers, or no longer. Money already here is not affected.
    /// @dev Caller: the parameters role. Reverts with {TokenAbsent}.
    /// @param token ERC-20 contract.
    /// @param allowed Whether new offers may name it.
    function setTokenAllowed(address token, bool allowed) external;

    /// @notice The contract that opens, funds, settles and refunds escrows, for ever.
    function licences() external view returns (address);

    /// @notice What a member can withdraw, in token units.
    /// @param member Its id.
    /// @param token Settlement token.
    function balanceOf(MemberId member, address token) external view returns (uint256);

    /// @notice The money of a licence; all zero if there is none.
    /// @param licence Its id.
    function escrowOf(LicenceId licence) external view returns (Escrow memory);

    /// @notice Whether new offers may name the token.
    /// @param token Settlement token.
    function isTokenAllowed(address token) external view returns (bool);

    /// @notice How an amount splits; the parts sum to it exactly.
    /// @param amount What to split, in token units.
    /// @param shares In basis points that sum to 10,000.
    /// @return collector The collector's part.
    /// @return holder The holder's part, with what rounding left.
    /// @return fund_ The fund's part.
    /// @return platform The platform's part.
    function partsOf(uint128 amount, Shares calldata shares)
        external
        pure
        returns (uint256 collector, uint256 holder, uint256 fund_, uint256 platform);
}
