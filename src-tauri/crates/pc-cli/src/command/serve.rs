//! `partner cloud …`: the embedded cloud in the foreground, and the end of the home's.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pc_app::api::KeyPlace;
use pc_app::embedded::{self, CAPABILITIES, DESCRIPTION_PATH, Profile, Running, ServeOptions, serve_here};
use pc_app::unattended_keychain;
use pc_base::{Places, Secret};
use serde_json::json;

use crate::args::Limits;
use crate::shown::Shown;

/// Serves until a signal.
pub fn serve(
    port: u16,
    data: Option<PathBuf>,
    api_key: Option<String>,
    limits: Limits,
    places: &Places,
    shown: &Shown,
) -> Result<()> {
    let places = ServeOptions::apart(places, data);
    let profile = match limits {
        Limits::Embedded => Profile::embedded(),
        Limits::ModelStudio => Profile::model_studio(),
    };
    let (place, keychain) = unattended_keychain(&places)?;
    let api_key = api_key.map(Secret::new);
    let options = ServeOptions { places: places.clone(), keychain, port, api_key, profile, idle: None };
    serve_here(options, |running| listening(running, place, &places, shown))
}

/// Ends the home's cloud.
pub async fn stop(places: &Places, shown: &Shown) -> Result<()> {
    let stopped = embedded::stop(places).await?;
    let words = if stopped {
        shown.words("The embedded cloud has ended.", "内置云已停止。")
    } else {
        shown.words("The embedded cloud was not running.", "内置云没有在运行。")
    };
    shown.result(&json!({"stopped": stopped}), words);
    Ok(())
}

fn listening(running: &Running, place: KeyPlace, places: &Places, shown: &Shown) {
    let described = format!("{}{DESCRIPTION_PATH}", running.base_url);
    let document = json!({
        "base_url": running.base_url,
        "api_key": running.api_key.expose(),
        "access_key_id": running.access_key_id,
        "access_key_secret": running.access_key_secret.expose(),
        "admin_api_key": running.admin_api_key.expose(),
        "capabilities": CAPABILITIES,
        "openapi": described,
    });
    let lines = [
        format!("{:<18} {}", shown.words("address", "地址"), running.base_url),
        format!("{:<18} {}", "API key", running.api_key.expose()),
        format!("{:<18} {}", "AccessKey id", running.access_key_id),
        format!("{:<18} {}", "AccessKey secret", running.access_key_secret.expose()),
        format!("{:<18} {}", shown.words("admin API key", "管理 API key"), running.admin_api_key.expose()),
        format!("{:<18} {}", shown.words("extensions", "扩展能力"), CAPABILITIES.join(", ")),
        format!("{:<18} {described}", shown.words("OpenAPI", "接口描述")),
        format!("{:<18} {}", shown.words("data", "数据目录"), places.home.display()),
        format!("{:<18} {}", shown.words("master key", "主密钥"), kept(place, &places.key_file, shown)),
        shown
            .words(
                "It speaks Model Studio's API (/api/v1: files, fine-tunes, deployments, generation), the OpenAI-compatible \
                 one (/compatible-mode/v1: chat, models, files), OpenAI's own (/v1) and the billing API (/). End it with ctrl-c.",
                "它支持百炼接口（/api/v1：文件、微调、部署、生成）、OpenAI 兼容接口（/compatible-mode/v1：对话、模型、文件）、\
                 OpenAI 接口（/v1）和账单接口（/）。按 Ctrl-C 结束。",
            )
            .to_owned(),
    ];
    shown.result(&document, &lines.join("\n"));
}

fn kept(place: KeyPlace, file: &Path, shown: &Shown) -> String {
    match place {
        KeyPlace::Platform => shown.words("in the system's keychain", "保存在系统钥匙串中").to_owned(),
        KeyPlace::File => format!("{} {}", shown.words("in the file", "保存在文件"), file.display()),
        KeyPlace::Session | KeyPlace::Undecided => {
            shown.words("only in this process: its data cannot be read afterwards", "仅在本进程中：结束后数据无法读取")
        }
        .to_owned(),
    }
}
