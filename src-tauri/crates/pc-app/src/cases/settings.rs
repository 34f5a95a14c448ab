//! The program itself, the window's choices, and where the master key is kept.

use std::num::NonZeroU64;

use anyhow::Result;
use pc_base::{Code, Language, coded};
use pc_cloud::Pace;

use crate::api::{AppInfo, Empty, KeychainChoose, KeychainStatus, Settings};
use crate::app::App;

const LANGUAGES: &[&str] = &["system", "zh-CN", "en"];
const THEMES: &[&str] = &["system", "light", "dark"];
const UPLOAD_RATE: &str = "upload_rate";
const UPLOAD_HOURS: &str = "upload_hours";

impl App {
    /// `app_info`
    pub async fn app_info(&self, _: Empty, _: Language) -> Result<AppInfo> {
        let platform = if cfg!(windows) {
            "windows"
        } else if cfg!(target_os = "macos") {
            "macos"
        } else {
            "linux"
        };
        Ok(AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            platform: platform.to_owned(),
            locale: sys_locale::get_locale().unwrap_or_else(|| "en".to_owned()),
            home: self.places().home.display().to_string(),
            cache: self.places().cache.display().to_string(),
        })
    }

    /// `settings_get`
    pub async fn settings_get(&self, _: Empty, _: Language) -> Result<Settings> {
        self.blocking(|app| {
            app.store().read(|tx| {
                let chosen = |name: &str, known: &[&str]| -> Result<String> {
                    let kept = tx.setting(name)?.filter(|value| known.contains(&value.as_str()));
                    Ok(kept.unwrap_or_else(|| known[0].to_owned()))
                };
                Ok(Settings {
                    language: chosen("language", LANGUAGES)?,
                    theme: chosen("theme", THEMES)?,
                    upload_bytes_per_second: tx.setting(UPLOAD_RATE)?.and_then(|rate| rate.parse().ok()).unwrap_or(0),
                    upload_hours: tx.setting(UPLOAD_HOURS)?.unwrap_or_default(),
                })
            })
        })
        .await
    }

    /// `settings_set`
    pub async fn settings_set(&self, wanted: Settings, _: Language) -> Result<Settings> {
        one_of("language", &wanted.language, LANGUAGES)?;
        one_of("theme", &wanted.theme, THEMES)?;
        pace(wanted.upload_bytes_per_second, &wanted.upload_hours)?;
        self.blocking(move |app| {
            app.store().write(|tx| {
                tx.setting_put("language", &wanted.language)?;
                tx.setting_put("theme", &wanted.theme)?;
                tx.setting_put(UPLOAD_RATE, &wanted.upload_bytes_per_second.to_string())?;
                tx.setting_put(UPLOAD_HOURS, &wanted.upload_hours)
            })?;
            Ok(wanted)
        })
        .await
    }

    /// `keychain_status`
    pub async fn keychain_status(&self, _: Empty, _: Language) -> Result<KeychainStatus> {
        self.blocking(|app| Ok(app.keys().status())).await
    }

    /// `keychain_choose`
    pub async fn keychain_choose(&self, wanted: KeychainChoose, _: Language) -> Result<KeychainStatus> {
        self.blocking(move |app| app.keys().choose(wanted.place)).await
    }
}

/// What an upload may take of the line.
pub(crate) fn pace(bytes_per_second: u64, hours: &str) -> Result<Pace> {
    let hours = if hours.trim().is_empty() { None } else { Some(hours.parse()?) };
    Ok(Pace { bytes_per_second: NonZeroU64::new(bytes_per_second), hours })
}

fn one_of(what: &str, value: &str, known: &[&str]) -> Result<()> {
    if known.contains(&value) {
        return Ok(());
    }
    Err(coded(Code::InputInvalid).with("what", what).with("why", known.join(" | ")).into())
}
