// Hardhat 3: `npx hardhat compile`, `npx hardhat node`. The compiler and its settings are those of `scripts/compile.py`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { version, settings } = JSON.parse(readFileSync(new URL("contracts/solc.json", import.meta.url)));

const local = { type: "edr-simulated", chainType: "l1", chainId: 31337, hardfork: "merge" };

export default {
  solidity: {
    compilers: [{ version, path: require.resolve("solc/soljson.js"), settings }],
  },
  paths: {
    sources: "./contracts",
    artifacts: "./build/hardhat/artifacts",
    cache: "./build/hardhat/cache",
  },
  // `hardhat node` takes the network of that name, everything else the default one.
  networks: { default: local, node: local },
};
