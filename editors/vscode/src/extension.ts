import * as vscode from "vscode";
import { LanguageClient, State } from "vscode-languageclient/node";

// The client of `krowave lsp`. Nothing runs in a workspace that is not trusted:
// package.json does not declare support for one.
let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("krowave.restart", restart),
    vscode.commands.registerCommand("krowave.instance", chooseInstance),
    vscode.workspace.onDidChangeConfiguration(async (e) => {
      if (e.affectsConfiguration("krowave.path") || e.affectsConfiguration("krowave.arguments")) {
        await restart();
      }
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function start(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("krowave");
  const command = settings.get<string>("path") || "krowave";
  const next = new LanguageClient(
    "krowave",
    "krowave",
    { command, args: ["lsp", ...(settings.get<string[]>("arguments") ?? [])] },
    {
      documentSelector: [
        { scheme: "file", language: "yaml" },
        { scheme: "file", language: "json" },
      ],
      initializationOptions: { instance: settings.get<string>("instance") ?? "" },
      synchronize: { configurationSection: "krowave" },
    },
  );
  client = next;
  try {
    await next.start();
  } catch (error) {
    const settle = "Open settings";
    const chosen = await vscode.window.showErrorMessage(
      `krowave lsp does not start: ${error instanceof Error ? error.message : String(error)}. Set krowave.path to the binary.`,
      settle,
    );
    if (chosen === settle) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "krowave.path");
    }
  }
}

async function stop(): Promise<void> {
  const old = client;
  client = undefined;
  if (old?.state === State.Running) {
    await old.stop();
  }
}

async function restart(): Promise<void> {
  await stop();
  await start();
}

async function chooseInstance(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("krowave");
  const name = await vscode.window.showInputBox({
    prompt: "Kind/namespace/name or Kind/name; empty for the first instance",
    value: settings.get<string>("instance") ?? "",
  });
  if (name !== undefined) {
    await settings.update("instance", name.trim(), vscode.ConfigurationTarget.Workspace);
  }
}
