/** The installers that `npm run build` has made, unpacked without being installed. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { brand } from "../run/brand.mjs";
import { ROOT } from "../harness/paths";

const bundles = join(ROOT, "target", "release", "bundle");
const scratch = mkdtempSync(join(tmpdir(), "packages-"));
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
};
const sizes = [16, 24, 32, 48, 64, 128, 256, 512];

const deb = onlyPackage("deb");
const rpm = onlyPackage("rpm");
const packages = [
  { kind: "deb", folder: join(scratch, "deb"), licence: "doc/sign-in-with-amiqus/copyright" },
  { kind: "rpm", folder: join(scratch, "rpm"), licence: "licenses/sign-in-with-amiqus/LICENSE" },
];

before(() => {
  run("dpkg-deb", "--extract", deb, join(scratch, "deb"));
  run("mkdir", join(scratch, "rpm"));
  const archive = execFileSync("rpm2archive", ["-"], {
    input: readFileSync(rpm),
    maxBuffer: 256e6,
  });
  execFileSync("tar", ["xz", "-C", join(scratch, "rpm")], { input: archive });
});

after(() => {
  rmSync(scratch, { recursive: true });
});

for (const { kind, folder, licence } of packages) {
  const share = join(folder, "usr", "share");

  void describe(`the .${kind}`, () => {
    void test("package contains the program that was built", () => {
      const built = readFileSync(join(ROOT, "target/release/sign-in-with-amiqus"), "latin1");
      const packed = readFileSync(join(folder, "usr/bin/sign-in-with-amiqus"), "latin1");
      // Tauri writes the kind of package into the program, for updates of the same kind.
      const mark = "__TAURI_BUNDLE_TYPE_VAR_";
      assert.equal(hash(packed), hash(built.replace(`${mark}UNK`, `${mark}${kind.toUpperCase()}`)));
    });

    void test("desktop entry opens our links and is valid", () => {
      const applications = join(share, "applications");
      assert.deepEqual(
        readdirSync(applications).sort(),
        [`${brand.identifier}.desktop`, `${brand.name}.desktop`].sort(),
      );
      const entry = join(applications, `${brand.identifier}.desktop`);
      run("desktop-file-validate", entry);
      const lines = readFileSync(entry, "utf8").split("\n");
      assert.ok(lines.includes(`MimeType=x-scheme-handler/${brand.scheme};`));
      assert.ok(lines.includes("Exec=sign-in-with-amiqus %u"));
      assert.ok(lines.includes("Icon=sign-in-with-amiqus"));
      // The window's class (`tests/e2e/second-instance.test.ts`).
      assert.ok(lines.includes(`StartupWMClass=${brand.identifier}`));
      // Users' mimeapps.list may still name the entry of an earlier package.
      const earlier = join(applications, `${brand.name}.desktop`);
      run("desktop-file-validate", earlier);
      const hidden = readFileSync(earlier, "utf8").split("\n");
      assert.ok(
        hidden.includes("NoDisplay=true") && hidden.includes("Exec=sign-in-with-amiqus %u"),
      );
      assert.ok(!hidden.some((line) => line.startsWith("MimeType=")));
    });

    void test("icon is there in every size and as a vector", () => {
      const icons = join(share, "icons", "hicolor");
      for (const size of sizes) {
        const path = join(icons, `${size}x${size}`, "apps", "sign-in-with-amiqus.png");
        const header = readFileSync(path).subarray(16, 24);
        assert.deepEqual([header.readUInt32BE(0), header.readUInt32BE(4)], [size, size], path);
      }
      const drawing = join(icons, "scalable", "apps", "sign-in-with-amiqus.svg");
      assert.match(readFileSync(drawing, "utf8"), /<svg /);
      assert.deepEqual(
        readdirSync(icons).sort(),
        [...sizes.map((size) => `${size}x${size}`), "scalable"].sort(),
      );
    });

    void test("metainfo is valid and names this version", () => {
      const path = join(share, "metainfo", `${brand.identifier}.metainfo.xml`);
      run("appstreamcli", "validate", "--no-net", "--pedantic", path);
      const text = readFileSync(path, "utf8");
      assert.equal(/<release version="([^"]+)"/.exec(text)?.[1], version);
      const entry = /<launchable type="desktop-id">(.+)<\/launchable>/.exec(text)?.[1] ?? "";
      assert.equal(entry.replaceAll("&amp;", "&"), `${brand.identifier}.desktop`);
    });

    void test("licence and those of all dependencies are included", () => {
      assert.match(readFileSync(join(share, licence), "utf8"), /MERCHANTABILITY/);
      const others = readFileSync(join(share, licence, "..", "THIRD-PARTY-LICENSES"), "utf8");
      for (const part of ["tauri", "iota_stronghold", "rustls", "svelte", "@tauri-apps/api"]) {
        assert.match(others, new RegExp(`^${part} \\d+\\.\\d+\\.\\d+: `, "m"));
      }
    });

    void test("manual page renders without warnings", () => {
      const page = gunzipSync(readFileSync(join(share, "man/man1/sign-in-with-amiqus.1.gz")));
      const rendered = spawnSync("groff", ["-man", "-ww", "-Tutf8", "-P-cbou"], {
        input: page,
        encoding: "utf8",
      });
      assert.equal(rendered.stderr, "");
      assert.ok(rendered.stdout.includes(version) && rendered.stdout.includes(brand.identifier));
    });

    void test("package contains no other file", () => {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) =>
        each.isFile(),
      );
      const documents = kind === "deb" ? ["changelog.gz", "copyright"] : ["LICENSE"];
      assert.equal(files.length, sizes.length + 7 + documents.length);
    });
  });
}

void test(".deb depends on the linked C library and on each package once", () => {
  const depends = run("dpkg-deb", "--field", deb, "Depends").trim().split(", ");
  const names = depends.map((each) => each.split(" ")[0] ?? "");
  assert.deepEqual(names, [...new Set(names)]);
  for (const needed of ["libayatana-appindicator3-1", "libwebkit2gtk-4.1-0", "xdg-utils"]) {
    assert.ok(names.includes(needed), needed);
  }
  assert.ok(depends.includes(`libc6 (>= ${linkedGlibc()})`), depends.join(", "));
});

void test(".rpm depends on the linked C library and on sonames", () => {
  const needed = run("rpm", "-qp", "--requires", rpm).trim().split("\n");
  assert.ok(needed.includes(`libc.so.6(GLIBC_${linkedGlibc()})(64bit)`), needed.join(", "));
  for (const library of ["libayatana-appindicator3.so.1", "libwebkit2gtk-4.1.so.0"]) {
    assert.ok(needed.includes(`${library}()(64bit)`), library);
  }
});

void test("both packages have version, licence and home page", () => {
  assert.equal(run("dpkg-deb", "--field", deb, "Version").trim(), version);
  assert.equal(
    run("rpm", "-qp", "--queryformat", "%{VERSION} %{LICENSE} %{URL}", rpm),
    `${version} MIT OR Apache-2.0 https://amiqus.co`,
  );
});

void test(".deb changelog starts with this version", () => {
  const list = join(scratch, "deb/usr/share/doc/sign-in-with-amiqus/changelog.gz");
  const [first = ""] = gunzipSync(readFileSync(list)).toString().split("\n");
  assert.match(first, new RegExp(`^sign-in-with-amiqus \\(${version.replaceAll(".", "\\.")}\\) `));
});

void test("bill of materials lists the app and its dependencies", () => {
  const bill = JSON.parse(
    readFileSync(join(bundles, `sign-in-with-amiqus-${version}.cdx.json`), "utf8"),
  ) as {
    metadata: { component: { name: string; version: string; "bom-ref": string } };
    components: { purl: string; hashes: { content: string }[] }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  const { component } = bill.metadata;
  assert.deepEqual([component.name, component.version], ["sign-in-with-amiqus", version]);
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  for (const crate of ["tauri", "iota_stronghold", "rustls", "libsodium-sys-stable"]) {
    const part = bill.components.find(({ purl }) => purl.startsWith(`pkg:cargo/${crate}@`));
    assert.ok(lock.includes(`checksum = "${part?.hashes[0]?.content}"`), crate);
  }
  const inWindow = bill.components.filter(({ purl }) => purl.startsWith("pkg:npm/"));
  assert.deepEqual(
    inWindow.map(({ purl }) => purl.replace(/@[\d.]+$/, "")),
    ["pkg:npm/%40tauri-apps/api", "pkg:npm/svelte"],
  );
  // Dependencies of the tests are not shipped.
  assert.ok(!bill.components.some(({ purl }) => /cargo\/(rcgen|oauth2)@|selenium/.test(purl)));
  // Every component is a dependency of the app.
  const reached = new Set([component["bom-ref"]]);
  for (const ref of reached) {
    const needs = bill.dependencies.find((each) => each.ref === ref)?.dependsOn ?? [];
    needs.forEach((each) => reached.add(each));
  }
  assert.deepEqual(
    bill.components.map(({ purl }) => purl).filter((purl) => !reached.has(purl)),
    [],
  );
});

void test("checksums match the installers and the bill of materials", () => {
  const sums = readFileSync(join(bundles, "SHA256SUMS"), "utf8").trim().split("\n");
  const files = sums.map((line) => {
    const [digest = "", name = ""] = line.split("  ");
    assert.equal(digest, hash(readFileSync(join(bundles, name))), name);
    return name.replace(/^.*\./, "");
  });
  // Signatures exist where a distributor has enabled updates.
  assert.deepEqual(files.filter((kind) => kind !== "sig").sort(), ["deb", "json", "rpm"]);
});

function hash(content: string | Buffer): string {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return createHash("sha256").update(bytes).digest("hex");
}

/** The newest version of the C library whose symbols the program uses. */
function linkedGlibc(): string {
  const symbols = run("objdump", "-T", join(ROOT, "target/release/sign-in-with-amiqus"));
  const versions = [...symbols.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  return `2.${Math.max(...versions)}`;
}

/** The only package of a kind that was built. */
function onlyPackage(kind: string): string {
  const folder = join(bundles, kind);
  const [name = "", ...others] = readdirSync(folder).filter((each) => each.endsWith(`.${kind}`));
  assert.deepEqual(others, []);
  return join(folder, name);
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", maxBuffer: 64e6 });
}
