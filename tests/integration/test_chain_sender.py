"""Many senders of one account: threads, processes, restarts; no transaction is lost, doubled or left out."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.chain import licences, tokens
from ledger.chain.account import await_receipt
from ledger.chain.anvil import Anvil, dev_signer
from ledger.chain.chain import Chain
from ledger.chain.incoming import OutdatedTransactionError
from ledger.chain.raw import parse_raw
from ledger.chain.sender import Sender
from ledger.chain.transactions import Outcome, UnsignedTransaction, broadcast, prepare, wait
from ledger.errors import RefusedError, TransactionError
from ledger.model.ids import Address, LicenceId
from tests.support import nodes
from tests.support.world import PURPOSE, World

THREADS = 40
RECEIVER = Address("0x00000000000000000000000000000000000000A1")


@pytest.fixture(params=[(), ("--block-time", "1")], ids=["mining at once", "a block a second"])
def busy_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A ledger on a node that mines at once, and on one that gathers transactions into blocks."""
    with nodes.anvil() as anvil, World.deploy(anvil.url) as world:
        if request.param:
            world.chain.request("evm_setIntervalMining", 1)
        yield world


def test_forty_threads_send_from_one_account(busy_world: World) -> None:
    world = busy_world
    sender = world.institute.sender
    before = world.chain.transaction_count(sender.address)

    def send(number: int) -> Outcome:
        return sender.send(tokens.transfer(world.token, RECEIVER, number))

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(send, range(1, THREADS + 1)))

    assert world.chain.transaction_count(sender.address) == before + THREADS
    assert world.chain.transaction_count(sender.address, "pending") == before + THREADS
    assert len({outcome.tx_hash for outcome in outcomes}) == THREADS
    assert tokens.balance_of(world.chain, world.token, RECEIVER) == sum(range(1, THREADS + 1))
    for number, outcome in enumerate(outcomes, start=1):  # each got the outcome of its own call
        assert outcome.event("Transfer").arguments["value"] == number


def test_refusals_among_threads_leave_no_gap(world: World) -> None:
    sender = world.institute.sender
    before = world.chain.transaction_count(sender.address)

    def send(number: int) -> str:
        try:
            if number % 3 == 0:
                sender.send(licences.accept(LicenceId(999)))
            else:
                sender.send(tokens.transfer(world.token, RECEIVER, 1))
        except RefusedError as error:
            return error.name
        return "sent"

    with ThreadPoolExecutor(12) as pool:
        results = Counter(pool.map(send, range(30)))
    assert results == {"LicenceUnknown": 10, "sent": 20}
    assert world.chain.transaction_count(sender.address, "pending") == before + 20


RACER = """
import sys
from pathlib import Path
from ledger.chain import tokens
from ledger.chain.anvil import dev_signer
from ledger.chain.chain import Chain
from ledger.chain.deployment import Deployment
from ledger.chain.sender import Sender

url, deployment, receiver, count = sys.argv[1:]
with Chain.connect(url, Deployment.read(Path(deployment))) as chain:
    sender = Sender(chain, dev_signer(2))
    sys.stdin.read(1)
    for _ in range(int(count)):
        sender.send(tokens.transfer(chain.deployment.address("SettlementToken"), receiver, 1))
print("done")
"""


def test_processes_race_for_numbers_and_all_arrive(busy_world: World, tmp_path: Path) -> None:
    world = busy_world
    count = 3 if world.chain.request("anvil_getIntervalMining") else 15
    before = world.chain.transaction_count(world.institute.address)
    deployment = tmp_path / "deployment.json"
    world.deployment.write(deployment)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, world.url, str(deployment), RECEIVER, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("x")  # start at the same time
        racer.stdin.flush()
    for racer in racers:
        output, errors = racer.communicate(timeout=120)
        assert (racer.returncode, output, errors) == (0, "done\n", "")
    assert world.chain.transaction_count(world.institute.address, "pending") == before + 3 * count
    assert tokens.balance_of(world.chain, world.token, RECEIVER) == 3 * count


def test_a_transaction_that_was_replaced_is_sent_again(world: World) -> None:
    """Another program takes our number while ours waits: ours can never be mined, so it is numbered anew."""
    with world.held(), ThreadPoolExecutor(1) as pool:
        sending = pool.submit(world.institute.send, tokens.transfer(world.token, RECEIVER, 7))
        ours = _pending_nonce(world)
        other = prepare(world.chain, tokens.transfer(world.token, RECEIVER, 100), world.institute.address, nonce=ours)
        dearer = _dearer(other)
        broadcast(world.chain, world.institute.signer.sign_transaction(dearer))
        world.chain.request("evm_mine")
        world.automine(on=True)
        outcome = sending.result(timeout=30)
    assert outcome.event("Transfer").arguments["value"] == 7
    assert tokens.balance_of(world.chain, world.token, RECEIVER) == 107


def test_whoever_waits_for_a_replaced_transaction_is_told(world: World) -> None:
    with world.held():
        unsigned = prepare(world.chain, tokens.transfer(world.token, RECEIVER, 7), world.institute.address)
        first = broadcast(world.chain, world.institute.signer.sign_transaction(unsigned))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(wait, world.chain, first, 30)
            while not waiting.running():
                pass
            broadcast(world.chain, world.institute.signer.sign_transaction(_dearer(unsigned)))
            world.chain.request("evm_mine")
            with pytest.raises(TransactionError, match=r"was replaced|is not known"):
                waiting.result(timeout=30)


def test_a_cheaper_replacement_is_out_of_date(world: World) -> None:
    with world.held():
        unsigned = prepare(world.chain, tokens.transfer(world.token, RECEIVER, 7), world.institute.address)
        broadcast(world.chain, world.institute.signer.sign_transaction(unsigned))
        again = prepare(
            world.chain, tokens.transfer(world.token, RECEIVER, 8), world.institute.address, nonce=unsigned.nonce
        )
        with pytest.raises(OutdatedTransactionError, match="has sent another transaction"):
            broadcast(world.chain, world.institute.signer.sign_transaction(again))


def test_waiting_ends_in_time(world: World) -> None:
    with world.held():
        with pytest.raises(TransactionError, match="was not mined in time") as refused:
            world.institute.sender.send(tokens.transfer(world.token, RECEIVER, 7), timeout=0.3)
        assert "sending it again is harmless" in refused.value.fix
        world.chain.request("evm_mine")
        assert tokens.balance_of(world.chain, world.token, RECEIVER) == 7


def test_a_sender_goes_on_after_its_chain_was_rolled_back(world: World) -> None:
    """What it remembers of its last transaction is worth nothing if the node does not know that one."""
    sender = Sender(world.chain, world.company.signer)
    with world.isolated():
        for _ in range(3):
            sender.send(tokens.transfer(world.token, RECEIVER, 1))
    outcome = sender.send(tokens.transfer(world.token, RECEIVER, 5))
    assert outcome.event("Transfer").arguments["value"] == 5
    assert tokens.balance_of(world.chain, world.token, RECEIVER) == 5


def test_a_sender_goes_on_after_the_node_was_restarted(tmp_path: Path) -> None:
    with Anvil(state=tmp_path / "state.json") as anvil, World.deploy(anvil.url) as world:
        world.company.send(tokens.transfer(world.token, RECEIVER, 1))
        anvil.stop()
        anvil.start()
        world.company.send(tokens.transfer(world.token, RECEIVER, 2))
        assert tokens.balance_of(world.chain, world.token, RECEIVER) == 3


def test_a_network_without_prices_needs_no_coins() -> None:
    options = ("--gas-price", "0", "--block-base-fee-per-gas", "0")
    with nodes.anvil(*options) as anvil, World.deploy(anvil.url) as world:
        poor = _poor(world.chain)
        offer = world.offered()
        licence = world.apply(world.institute, offer)
        with pytest.raises(RefusedError, match="NotLicensee"):
            poor.send(licences.cancel(licence))
        world.approve(licence)
        poor.send(world.agreement_call(licence))
        assert world.chain.balance(poor.address) == 0
        assert world.chain.transaction_count(poor.address) == 1


def test_a_network_without_base_fees_gets_legacy_transactions() -> None:
    with nodes.anvil(hardfork="berlin") as anvil, World.deploy(anvil.url) as world:
        unsigned = prepare(world.chain, licences.apply_for(world.offered(), PURPOSE), world.institute.address)
        assert unsigned.is_legacy
        signed = parse_raw(world.institute.signer.sign_transaction(unsigned))
        broadcast(world.chain, signed.raw)
        assert await_receipt(world.chain, signed.hash, signed.sender, signed.nonce, 20) is not None
        world.settled()


def _pending_nonce(world: World) -> int:
    """Number of the transaction that the institute is sending, once the node has it."""
    mined = world.chain.transaction_count(world.institute.address)
    while world.chain.transaction_count(world.institute.address, "pending") == mined:
        time.sleep(0.01)
    return mined


def _dearer(unsigned: UnsignedTransaction) -> UnsignedTransaction:
    """The same at twice the price, which takes the place of the first."""
    assert unsigned.max_fee_per_gas is not None
    assert unsigned.max_priority_fee_per_gas is not None
    return replace(
        unsigned,
        max_fee_per_gas=2 * unsigned.max_fee_per_gas,
        max_priority_fee_per_gas=2 * unsigned.max_priority_fee_per_gas,
    )


def _poor(chain: Chain) -> Sender:
    signer = dev_signer(77)
    assert chain.balance(signer.address) == 0
    return Sender(chain, signer)
