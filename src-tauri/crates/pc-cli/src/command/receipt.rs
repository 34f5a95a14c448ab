//! `partner receipt …`: checking what a cloud, or this console, has signed, without the cloud.

use std::fmt::Display;

use anyhow::Result;
use pc_app::Stated;

use crate::args::Receipt;
use crate::figures;
use crate::shown::Shown;

/// Runs one of them.
pub fn run(command: Receipt, shown: &Shown) -> Result<()> {
    let Receipt::Verify { receipt, data } = command;
    let found = pc_app::receipt_verify(&receipt, data.as_deref())?;
    let compared = match found.data_compared {
        true => shown.words("the data is the same, byte for byte", "数据逐字节一致"),
        false => shown.words("no data was compared", "未比对数据"),
    };
    let mut lines = match &found.stated {
        Stated::File(about) => vec![
            shown.words("The receipt holds.", "回执有效。").to_owned(),
            line(shown.words("action", "操作"), format!("{} · {}", about.action.as_str(), about.time)),
            line(
                shown.words("file", "文件"),
                format!("{} · {} · {}", about.file_id, about.name, figures::bytes(about.bytes)),
            ),
            line(shown.words("tenant", "租户"), &about.tenant),
            line(shown.words("data key", "数据密钥"), &about.key_id),
        ],
        Stated::Privacy(about) => vec![
            shown.words("The privacy report holds.", "隐私报告有效。").to_owned(),
            line(shown.words("data set", "数据集"), format!("{} · {}", about.name, about.time)),
            line(shown.words("rows", "行数"), figures::count(about.rows)),
            line(shown.words("found", "发现"), figures::count(about.places_total)),
            line(shown.words("input", "输入"), &about.input_sha256),
            line(shown.words("output", "输出"), &about.output_sha256),
        ],
    };
    lines.push(line(shown.words("signed by", "签名密钥"), &found.fingerprint));
    lines.push(line(shown.words("data", "数据"), compared));
    shown.result(&serde_json::to_value(&found)?, &lines.join("\n"));
    Ok(())
}

fn line(heading: &str, text: impl Display) -> String {
    format!("{heading:<12} {text}")
}
