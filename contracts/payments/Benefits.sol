// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

import {IBenefits} from "../interfaces/IBenefits.sol";
import {IMembers} from "../interfaces/IMembers.sol";
import {LicenceId, MemberId} from "../types/Ids.sol";
import {EscrowStatus} from "../types/States.sol";
import {Shares} from "../types/Terms.sol";

/// @title Benefits
/// @notice Escrow and split of payments, as {IBenefits} states it.
/// @dev Every act writes its effects before it calls a token. The guard covers what order alone cannot: while a token
/// runs, another movement of it would fall into the balances that {_receive} and {_send} compare.
contract Benefits is IBenefits, AccessManaged, ReentrancyGuard {
    using SafeERC20 for IERC20;

    uint256 private constant BASIS = 10_000;

    IMembers private immutable _members;
    address private immutable _licences;

    mapping(LicenceId licence => Escrow) private _escrows;
    mapping(MemberId member => mapping(address token => uint256)) private _balances;
    mapping(address token => bool) private _allowed;

    /// @dev For {ILicences}. No role in place of this: whoever governs the roles could take what is in escrow.
    modifier onlyLicences() {
        if (msg.sender != _licences) revert NotLicences(msg.sender);
        _;
    }

    /// @notice Binds the contract to those it works with, for ever.
    /// @param licences_ Address at which {ILicences} will be deployed, which refuses to be deployed elsewhere.
    constructor(address authority_, IMembers members, address licences_) AccessManaged(authority_) {
        _members = members;
        _licences = licences_;
    }

    /// @inheritdoc IBenefits
    function invoice(LicenceId licence, address token, MemberId payer, uint128 amount) external onlyLicences {
        _requireStatus(licence, EscrowStatus.None);

        _escrows[licence] = Escrow({token: token, payer: payer, status: EscrowStatus.Invoiced, amount: amount});
        emit EscrowInvoiced(licence, token, payer, amount);
    }

    /// @inheritdoc IBenefits
    function fund(LicenceId licence, address from) external onlyLicences nonReentrant {
        (address token, uint128 amount) = _fund(licence, from);

        _receive(token, from, amount);
    }

    /// @inheritdoc IBenefits
    function fundWithPermit(LicenceId licence, address from, Permit calldata permit)
        external
        onlyLicences
        nonReentrant
    {
        (address token, uint128 amount) = _fund(licence, from);

        _usePermit(token, from, amount, permit);
        _receive(token, from, amount);
    }

    /// @inheritdoc IBenefits
    function cancel(LicenceId licence) external onlyLicences {
        Escrow storage escrow = _requireStatus(licence, EscrowStatus.Invoiced);

        escrow.status = EscrowStatus.Cancelled;
        emit EscrowCancelled(licence);
    }

    /// @inheritdoc IBenefits
    function settle(LicenceId licence, Split calldata split) external onlyLicences {
        Escrow storage escrow = _requireStatus(licence, EscrowStatus.Funded);

        escrow.status = EscrowStatus.Settled;
        emit EscrowSettled(licence);
        _creditParts(licence, escrow.token, escrow.amount, split);
    }

    /// @inheritdoc IBenefits
    function refund(LicenceId licence) external onlyLicences {
        Escrow storage escrow = _requireStatus(licence, EscrowStatus.Funded);

        escrow.status = EscrowStatus.Refunded;
        emit EscrowRefunded(licence);
        _credit(escrow.payer, escrow.token, licence, escrow.amount);
    }

    /// @inheritdoc IBenefits
    function collectRenewal(LicenceId licence, address token, address from, uint128 amount, Split calldata split)
        external
        onlyLicences
        nonReentrant
    {
        emit RenewalCollected(licence, from, token, amount);
        _creditParts(licence, token, amount, split);

        _receive(token, from, amount);
    }

    /// @inheritdoc IBenefits
    function withdraw(MemberId member, address token) external nonReentrant returns (uint256 amount) {
        address principal = _members.principalOf(member);
        amount = _balances[member][token];
        if (amount == 0) revert NothingToWithdraw(member, token);

        _balances[member][token] = 0;
        emit Withdrawn(member, token, principal, amount);

        _send(token, principal, amount);
    }

    /// @inheritdoc IBenefits
    function setTokenAllowed(address token, bool allowed) external restricted {
        // One that has gone can still be disallowed.
        if (allowed && token.code.length == 0) revert TokenAbsent(token);

        _allowed[token] = allowed;
        emit TokenAllowed(token, allowed);
    }

    /// @inheritdoc IBenefits
    function licences() external view returns (address) {
        return _licences;
    }

    /// @inheritdoc IBenefits
    function balanceOf(MemberId member, address token) external view returns (uint256) {
        return _balances[member][token];
    }

    /// @inheritdoc IBenefits
    function escrowOf(LicenceId licence) external view returns (Escrow memory) {
        return _escrows[licence];
    }

    /// @inheritdoc IBenefits
    function isTokenAllowed(address token) external view returns (bool) {
        return _allowed[token];
    }

    /// @inheritdoc IBenefits
    function partsOf(uint128 amount, Shares calldata shares)
        external
        pure
        returns (uint256 collector, uint256 holder, uint256 fund_, uint256 platform)
    {
        return _partsOf(amount, shares);
    }

    function _fund(LicenceId licence, address from) private returns (address token, uint128 amount) {
        Escrow storage escrow = _requireStatus(licence, EscrowStatus.Invoiced);
        (token, amount) = (escrow.token, escrow.amount);

        escrow.status = EscrowStatus.Funded;
        emit EscrowFunded(licence, from);
    }

    function _creditParts(LicenceId licence, address token, uint128 amount, Split calldata split) private {
        (uint256 collector, uint256 holder, uint256 fund_, uint256 platform) = _partsOf(amount, split.shares);
        _credit(split.collector, token, licence, collector);
        _credit(split.holder, token, licence, holder);
        _credit(split.shares.fund, token, licence, fund_);
        _credit(split.shares.platform, token, licence, platform);
    }

    function _credit(MemberId member, address token, LicenceId licence, uint256 amount) private {
        if (amount == 0) return;
        _balances[member][token] += amount;
        emit Credited(member, token, licence, amount);
    }

    /// @dev For a caller that holds the guard. A permit fails if anyone has submitted it before: what counts then is
    /// the allowance.
    function _usePermit(address token, address from, uint256 amount, Permit calldata permit) private {
        try IERC20Permit(token).permit(from, address(this), amount, permit.deadline, permit.v, permit.r, permit.s) {
            return;
        } catch {
            if (IERC20(token).allowance(from, address(this)) >= amount) return;
            if (block.timestamp > permit.deadline) revert PermitExpired(permit.deadline);
            revert PermitRefused(token, from);
        }
    }

    /// @dev For a caller that holds the guard.
    function _receive(address token, address from, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(from, address(this), amount);
        uint256 present = IERC20(token).balanceOf(address(this));
        if (present != before + amount) {
            revert TransferInexact(token, amount, present > before ? present - before : 0);
        }
    }

    /// @dev For a caller that holds the guard. What the receiver is left with is between it and the token; that the
    /// token takes no more than `amount` from the other members' money is checked.
    function _send(address token, address to, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(to, amount);
        uint256 present = IERC20(token).balanceOf(address(this));
        if (present + amount != before) {
            revert TransferInexact(token, amount, before > present ? before - present : 0);
        }
    }

    function _requireStatus(LicenceId licence, EscrowStatus wanted) private view returns (Escrow storage escrow) {
        escrow = _escrows[licence];
        EscrowStatus status = escrow.status;
        if (status != wanted) revert EscrowStatusRefused(licence, status);
    }

    function _partsOf(uint256 amount, Shares calldata shares)
        private
        pure
        returns (uint256 collector, uint256 holder, uint256 fund_, uint256 platform)
    {
        collector = amount * shares.collectorShare / BASIS;
        fund_ = amount * shares.fundShare / BASIS;
        platform = amount * shares.platformShare / BASIS;
        // All but the others' parts: the holder's own share and what rounding left.
        holder = amount - collector - fund_ - platform;
    }
}
