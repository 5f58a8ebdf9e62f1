/**
 * Keeps runs in the store. If it can't be written, the record is lost, with a
 * message, but not the verdict.
 *
 * @module
 */
import type { Progress } from "../workbench/mod.ts";
import type { Test } from "../workbench/options.ts";
import type { Judged, RunRecord } from "../report/record.ts";
import {
  newRunFolder,
  pointToLatest,
  progressWriter,
  writeRecord,
  writeRun,
  writeStart,
} from "../report/store.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { pageWriter } from "./pages.ts";

/** A run that is kept, as far as the store lets it. */
export interface Keeping {
  /** Its folder; absent if there is none. */
  folder?: string;
  /** Tells those who watch the store how far it is. */
  tell(progress: Progress): void;
  /** The run is over, with or without a verdict. */
  ended(): Promise<void>;
  /** Writes the record, and the page. */
  write(record: RunRecord, judged: Judged, replay: string): Promise<void>;
  /** Writes them once more, where there is more to be said. */
  amend(record: RunRecord, judged: Judged, replay: string): Promise<void>;
}

/**
 * Makes what keeps runs.
 *
 * @param settings `store` is the folder for all of them, `page` is true if each
 * gets a page.
 * @param complain says, once each, what can't be kept.
 */
export function keeper(
  { store, page }: { store: string; page: boolean },
  complain: (text: string) => void,
) {
  const pages = page ? pageWriter(complain) : undefined;
  const complaints = new Set<string>();
  const attempt = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await act();
    } catch (error) {
      const reason = systemReason(error);
      if (complaints.has(reason)) return undefined;
      complaints.add(reason);
      complain(
        `The results aren't kept: ${store} can't be written, as ${reason}. --store FOLDER keeps it elsewhere.`,
      );
    }
  };
  return async (
    run: { id: string; bin?: string; args: readonly string[] },
    engine: string,
    test: Test,
  ): Promise<Keeping> => {
    const folder = await attempt(async () => {
      const folder = await newRunFolder(store, run.id, new Date());
      try {
        await writeStart(folder, run.id, engine, test, run);
        return folder;
      } catch (error) {
        await Deno.remove(folder, { recursive: true }).catch(() => {});
        throw error;
      }
    });
    if (folder === undefined) {
      return {
        ...{ tell() {}, async ended() {} },
        ...{ async write() {}, async amend() {} },
      };
    }
    const progress = progressWriter(folder);
    return {
      folder,
      tell: progress.write,
      ended: progress.end,
      async write(record, judged, replay) {
        await attempt(async () => {
          await writeRun(folder, record, judged);
          await pages?.write(folder, record, judged, replay);
          await pointToLatest(folder);
        });
      },
      async amend(record, judged, replay) {
        await attempt(async () => {
          await writeRecord(folder, record);
          await pages?.write(folder, record, judged, replay);
        });
      },
    };
  };
}
