/**
 * Writes the page of each run.
 *
 * @module
 */
import { pageCode } from "../report/page/bundle.ts";
import { pageData } from "../report/page/data.ts";
import { page } from "../report/page/page.ts";
import type { Judged, RunRecord } from "../report/record.ts";
import { errorText } from "../workbench/hosts/system_error.ts";
import { binFolder } from "./build.ts";

/**
 * Writes pages, whose code is bundled for the first of them. That takes npm
 * packages: if they can't be downloaded, one message says so, and everything
 * else goes on.
 *
 * @param complain says that, once.
 */
export function pageWriter(complain: (text: string) => void) {
  let code: ReturnType<typeof pageCode> | undefined;
  const complaints = new Set<string>();
  const bundled = () => pageCode(binFolder);
  return {
    /** Writes `index.html` to the folder of a run. */
    async write(
      folder: string,
      record: RunRecord,
      judged: Judged,
      replay: string,
    ): Promise<void> {
      const path = `${folder}/index.html`;
      try {
        const data = pageData(record, judged, { replay, when: new Date() });
        const html = await page(data, await (code ??= bundled()));
        await Deno.writeTextFile(path, html);
      } catch (error) {
        await Deno.remove(path).catch(() => {}); // Half a page is none.
        const message = errorText(error);
        if (complaints.has(message)) return;
        complaints.add(message);
        complain(`There is no page for ${folder}: ${message}`);
      }
    },
  };
}
