//! Chat templates render exactly as Jinja2 under Transformers' settings: the answers recorded in `tests/fixtures/templates`.

use std::path::{Path, PathBuf};

use pc_model::{ChatTemplate, RenderOptions};
use serde_json::{Map, Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/templates")
}

fn tokens() -> Map<String, Value> {
    Map::from_iter([("bos_token".to_owned(), json!("<bos>")), ("eos_token".to_owned(), json!("<eos>"))])
}

fn render(source: &str, conversation: &Value) -> anyhow::Result<String> {
    let mut variables = conversation.as_object().unwrap().clone();
    let messages = variables.remove("messages").unwrap();
    let tools = variables.remove("tools").filter(|tools| !tools.is_null());
    let add_generation_prompt = variables.remove("add_generation_prompt") != Some(json!(false));
    let options = RenderOptions { add_generation_prompt, tools, variables };
    ChatTemplate::new(source, tokens()).render(messages.as_array().unwrap(), &options)
}

#[test]
fn every_template_and_expression_renders_as_recorded() {
    let text = std::fs::read_to_string(folder().join("cases.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    let cases = whole["cases"].as_array().unwrap();
    for case in cases {
        let source = match &case["template"] {
            Value::String(name) => std::fs::read_to_string(folder().join(name)).unwrap(),
            _ => case["source"].as_str().unwrap().to_owned(),
        };
        let name = case["conversation"].as_str().unwrap();
        let title = format!("{} / {name}", case["template"].as_str().unwrap_or(&source));
        match (render(&source, &whole["conversations"][name]), case["text"].as_str()) {
            (Ok(got), Some(want)) if got == want => {}
            (Ok(got), Some(want)) => wrong.push(format!("{title}\n  want {want:?}\n  got  {got:?}")),
            (Err(_), None) => {}
            (Ok(got), None) => wrong.push(format!("{title}\n  want {}\n  got  {got:?}", case["refused"])),
            (Err(error), Some(want)) => wrong.push(format!("{title}\n  want {want:?}\n  got  {error:#}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
