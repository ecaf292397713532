/** Debian's Chromium through playwright-core; a reason to skip where there is none. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const found = PATHS.find((path) => existsSync(path));

export const noBrowser = found === undefined ? "no chromium on this machine" : false;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: found ?? "",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
}

export interface View {
  readonly page: Page;
  /** What the console and uncaught errors said. */
  readonly complaints: readonly string[];
}

export async function openPage(
  browser: Browser,
  { width = 1440, scheme = "light" }: {
    readonly width?: number;
    readonly scheme?: "light" | "dark";
  } = {},
): Promise<View> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.setDefaultTimeout(15_000);
  return { page, complaints };
}
