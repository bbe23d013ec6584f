// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {ISettlementToken} from "../../../contracts/interfaces/ISettlementToken.sol";
import {SettlementToken} from "../../../contracts/payments/SettlementToken.sol";
import {World} from "../support/World.sol";

/// @title The token of local networks
contract SettlementTokenTest is World {
    function testFuzz_onLocalNetworksOnly(uint64 chain) public {
        vm.assume(chain != 0);
        vm.chainId(chain);
        if (chain != 31337 && chain != 1337) {
            vm.expectRevert(abi.encodeWithSelector(ISettlementToken.LocalNetworksOnly.selector, chain));
        }
        new SettlementToken(address(authority));
    }

    function test_onHardhatsAndGanachesChain() public {
        vm.chainId(31337);
        new SettlementToken(address(authority));
        vm.chainId(1337);
        new SettlementToken(address(authority));
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.LocalNetworksOnly.selector, 1));
        new SettlementToken(address(authority));
    }

    function testFuzz_onlyTheMintingRoleMints(address caller) public {
        vm.assume(caller != OPERATOR);
        expectUnauthorised(caller);
        vm.prank(caller);
        token.mint(caller, 1);
    }

    function test_itCountsInHundredths() public view {
        assertEq(token.decimals(), 2, "decimals");
        assertEq(token.symbol(), "SETTLE", "symbol");
        assertEq(token.name(), "Settlement Token", "name");
        assertEq(token.totalSupply(), 2e12, "supply");
    }

    function test_aPermitUsesUpItsNonce() public {
        assertEq(token.nonces(INSTITUTE), 0, "nonce");
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, 5, soon());
        token.permit(INSTITUTE, address(benefits), 5, permit.deadline, permit.v, permit.r, permit.s);
        assertEq(token.nonces(INSTITUTE), 1, "nonce");
        assertEq(token.allowance(INSTITUTE, address(benefits)), 5, "allowance");
    }
}
