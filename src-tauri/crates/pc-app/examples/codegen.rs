//! Prints the generated TypeScript as JSON, `{file name: text}`; `cargo xtask codegen` runs it.

#![expect(clippy::print_stdout, reason = "printing is its purpose")]

fn main() {
    let files = serde_json::json!({"types.ts": pc_app::codegen::types(), "commands.ts": pc_app::codegen::commands()});
    println!("{files}");
}
