import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Unavailable } from "../../lib/maelstrom/mod.ts";
import {
  findJava,
  findProgram,
  missingPictureTools,
  pathWith,
  requireGit,
  systemOf,
} from "../../lib/maelstrom/machine.ts";
import { javaHome, script } from "./machine.ts";
import { tempDir } from "../temp.ts";

Deno.test("Java is that of JAVA_HOME before that of the PATH", async () => {
  const [home, other] = [await javaHome("21.0.2"), await javaHome("17")];
  assertEquals(await findJava({ JAVA_HOME: home, PATH: `${other}/bin` }), {
    path: `${home}/bin/java`,
    version: "21.0.2",
  });
  assertEquals(await findJava({ PATH: `/nowhere:${other}/bin` }), {
    path: `${other}/bin/java`,
    version: "17",
  });
});

Deno.test("Maelstrom runs on the Java that was found", () => {
  const java = { path: "/java/bin/java", version: "17" };
  assertEquals(pathWith(java, { PATH: "/bin" }), "/java/bin:/bin");
  assertEquals(pathWith(java, {}), "/java/bin");
});

for (const version of ["11", "11.0.22", "17.0.15", "22-ea", "25"]) {
  Deno.test(`Java ${version} will do`, async () => {
    const java = await findJava({ JAVA_HOME: await javaHome(version) });
    assertEquals(java.version, version);
  });
}

for (const version of ["1.8.0_392", "9.0.4", "10"]) {
  Deno.test(`Java ${version} is too old`, async () => {
    const home = await javaHome(version);
    const error = await assertRejects(
      () => findJava({ JAVA_HOME: home }),
      Unavailable,
    );
    assertEquals(
      error.problem,
      `${home}/bin/java is Java ${version}, and Maelstrom needs 11 or newer`,
    );
  });
}

Deno.test("without Java the error says what to install", async () => {
  const error = await assertRejects(
    () => findJava({ PATH: "/nowhere" }),
    Unavailable,
    "there is none on the PATH",
  );
  assert(/install|JDK/i.test(error.remedy), error.remedy);
});

Deno.test("a JAVA_HOME without Java in it is a mistake, whatever the PATH has", async () => {
  await assertRejects(
    async () =>
      findJava({ JAVA_HOME: "/nowhere", PATH: `${await javaHome()}/bin` }),
    Unavailable,
    "JAVA_HOME is /nowhere, and there is no program bin/java in it.\nSet JAVA_HOME",
  );
});

Deno.test("a Java that fails to start says what it said", async () => {
  const home = await javaHome();
  await script(`${home}/bin/java`, "echo 'no such VM' >&2; exit 1");
  await assertRejects(
    () => findJava({ JAVA_HOME: home }),
    Unavailable,
    "It said: no such VM",
  );
});

Deno.test("a program is a file that may be executed", async () => {
  const folder = tempDir();
  await Deno.mkdir(`${folder}/a/tool`, { recursive: true });
  await Deno.mkdir(`${folder}/b`);
  await Deno.writeTextFile(`${folder}/b/tool`, "");
  const PATH = `:${folder}/a:${folder}/b`;
  assertEquals(findProgram("tool", { PATH }), undefined);
  await Deno.chmod(`${folder}/b/tool`, 0o755);
  assertEquals(findProgram("tool", { PATH }), `${folder}/b/tool`);
  assertEquals(findProgram("tool", {}), undefined);
});

Deno.test("without git the error says so: Jepsen would only crash", async () => {
  assertThrows(
    () => requireGit({ PATH: "/nowhere" }),
    Unavailable,
    "Maelstrom needs git, and there is none on the PATH",
  );
  const folder = tempDir();
  await script(`${folder}/git`, "");
  requireGit({ PATH: folder });
});

Deno.test("what draws the pictures is missed before the run", async () => {
  const folder = tempDir();
  const [gnuplot = "", dot = ""] = missingPictureTools({ PATH: folder });
  assert(gnuplot.startsWith("gnuplot isn't on the PATH"), gnuplot);
  assert(dot.startsWith("dot isn't on the PATH"), dot);
  await script(`${folder}/gnuplot`, "");
  assertEquals(missingPictureTools({ PATH: folder }), [dot]);
  await script(`${folder}/dot`, "");
  assertEquals(missingPictureTools({ PATH: folder }), []);
});

const osReleases: [text: string, install: string | undefined][] = [
  ["ID=debian\n", "apt-get install"],
  ['NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', "apt-get install"],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install"],
  ["ID=alpine\n", "apk add"],
  ["ID=manjaro\nID_LIKE=arch\n", "pacman -S"],
  ['ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "zypper install"],
  ["ID=plan9\n", undefined],
  ["", undefined],
];

for (const [text, install] of osReleases) {
  Deno.test(`packages of ${JSON.stringify(text)} come by ${install}`, () => {
    assertEquals(systemOf(text)?.install, install);
  });
}
