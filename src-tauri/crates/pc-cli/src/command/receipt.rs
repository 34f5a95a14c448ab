//! `partner receipt …`: checking what a cloud has signed, without the cloud.

use anyhow::Result;

use crate::args::Receipt;
use crate::figures;
use crate::shown::Shown;

/// Runs one of them.
pub fn run(command: Receipt, shown: &Shown) -> Result<()> {
    let Receipt::Verify { receipt, data } = command;
    let found = pc_app::receipt_verify(&receipt, data.as_deref())?;
    let about = &found.statement;
    let compared = match found.data_compared {
        true => shown.words("the data is the same, byte for byte", "数据逐字节一致"),
        false => shown.words("no data was compared", "未比对数据"),
    };
    let lines = [
        shown.words("The receipt holds.", "回执有效。").to_owned(),
        format!("{:<12} {} · {}", shown.words("action", "操作"), about.action.as_str(), about.time),
        format!(
            "{:<12} {} · {} · {}",
            shown.words("file", "文件"),
            about.file_id,
            about.name,
            figures::bytes(about.bytes)
        ),
        format!("{:<12} {}", shown.words("tenant", "租户"), about.tenant),
        format!("{:<12} {}", shown.words("data key", "数据密钥"), about.key_id),
        format!("{:<12} {}", shown.words("signed by", "签名密钥"), found.fingerprint),
        format!("{:<12} {compared}", shown.words("data", "数据")),
    ];
    shown.result(&serde_json::to_value(&found)?, &lines.join("\n"));
    Ok(())
}
