//! One line of progress: what is done, how much of it, how fast, how long it will still take.

use std::time::{Duration, Instant};

use pc_base::{Language, Progress, Unit};

use crate::figures;

/// Before this a rate is noise.
const SETTLED: Duration = Duration::from_millis(700);

/// A stage from its first report on.
pub struct Course {
    pub stage: String,
    began: Instant,
    first: u64,
}

impl Course {
    /// The same course, or a new one where the stage changed or began again.
    pub fn follow(old: Option<Self>, progress: &Progress, now: Instant) -> Self {
        let goes_on = |old: &Self| old.stage == progress.stage && progress.done >= old.first;
        old.filter(goes_on).unwrap_or_else(|| Self { stage: progress.stage.clone(), began: now, first: progress.done })
    }

    /// Whether it began before this report.
    pub fn is_old(&self, now: Instant) -> bool {
        self.began < now
    }

    /// `Uploading 12.3 MB of 45.6 MB (27 %), 5.10 MB/s, 0:07 left`.
    pub fn line(&self, progress: &Progress, now: Instant, language: Language) -> String {
        let mut text = stage(&progress.stage, language).to_owned();
        let amount = |count: u64| amount(count, progress.unit, language);
        match progress.total.filter(|total| *total > 0) {
            Some(total) => {
                let percent = progress.done.min(total) * 100 / total;
                text += &match language {
                    Language::English => format!(" {} of {} ({percent} %)", amount(progress.done), amount(total)),
                    Language::Chinese => format!(" {}/{}（{percent} %）", amount(progress.done), amount(total)),
                };
            }
            None => text += &format!(" {}", amount(progress.done)),
        }
        let elapsed = now.duration_since(self.began);
        let done = progress.done - self.first;
        if elapsed < SETTLED || done == 0 {
            return text;
        }
        let rate = done as f64 / elapsed.as_secs_f64();
        text += &format!(", {}/s", amount(rate.round() as u64));
        if let Some(total) = progress.total.filter(|total| *total > progress.done) {
            let left = figures::clock(((total - progress.done) as f64 / rate).ceil() as u64);
            text += &match language {
                Language::English => format!(", {left} left"),
                Language::Chinese => format!("，还需 {left}"),
            };
        }
        text
    }
}

fn amount(count: u64, unit: Unit, language: Language) -> String {
    let chinese = language == Language::Chinese;
    match unit {
        Unit::Bytes => figures::bytes(count),
        Unit::Rows => format!("{} {}", figures::count(count), if chinese { "行" } else { "rows" }),
        Unit::Tokens => format!("{} tokens", figures::count(count)),
        Unit::Steps => format!("{} {}", figures::count(count), if chinese { "步" } else { "steps" }),
    }
}

/// The words of a stage; one that has none yet is shown by its name.
fn stage(name: &str, language: Language) -> &str {
    let (english, chinese) = match name {
        "check" => ("Checking", "检查"),
        "hash" => ("Hashing", "计算哈希"),
        "upload" => ("Uploading", "上传"),
        "download" => ("Downloading", "下载"),
        "join" => ("Joining", "合并"),
        "verify" => ("Verifying", "校验"),
        "convert" | "export" => ("Converting", "转换"),
        "load" => ("Loading", "加载"),
        "import" => ("Importing", "导入"),
        "keep" => ("Keeping", "保存"),
        "rows" => ("Finding rows", "定位各行"),
        "near" | "compare" => ("Looking for similar rows", "查找相似的行"),
        "leaks" => ("Looking for leaks", "查找泄漏"),
        "privacy" => ("Looking for personal data", "查找个人信息"),
        "unmask" => ("Restoring", "还原"),
        "fix" => ("Fixing", "修复"),
        "dedup" => ("Removing duplicates", "去除重复"),
        "mask" => ("Masking", "脱敏"),
        "split" => ("Dividing", "划分"),
        "sample" => ("Sampling", "抽样"),
        "diff" => ("Comparing versions", "比较版本"),
        "passages" => ("Cutting passages", "切分片段"),
        "draft" => ("Drafting", "起草"),
        "query" => ("Reading the database", "读取数据库"),
        "sort" => ("Sorting", "排序"),
        "wait" => ("Waiting for the upload hours", "等待上传时段"),
        "train" => ("Training", "训练"),
        "evaluate" => ("Asking the golden questions", "回答黄金问题"),
        "measure" => ("Measuring", "测量"),
        other => return other,
    };
    if language == Language::Chinese { chinese } else { english }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(done: u64) -> Progress {
        Progress { stage: "upload".into(), done, total: Some(40_000_000), unit: Unit::Bytes }
    }

    #[test]
    fn a_line_says_amount_rate_and_time_left() {
        let start = Instant::now();
        let course = Course::follow(None, &at(0), start);
        assert_eq!(course.line(&at(0), start, Language::English), "Uploading 0 B of 40.0 MB (0 %)", "no rate yet");
        let later = start + Duration::from_secs(2);
        let course = Course::follow(Some(course), &at(10_000_000), later);
        let line = course.line(&at(10_000_000), later, Language::English);
        assert_eq!(line, "Uploading 10.0 MB of 40.0 MB (25 %), 5.00 MB/s, 0:06 left");
        let line = course.line(&at(10_000_000), later, Language::Chinese);
        assert_eq!(line, "上传 10.0 MB/40.0 MB（25 %）, 5.00 MB/s，还需 0:06");
    }

    #[test]
    fn what_was_there_before_a_resume_does_not_count_as_speed() {
        let start = Instant::now();
        let course = Course::follow(None, &at(30_000_000), start);
        let later = start + Duration::from_secs(1);
        let line = course.line(&at(35_000_000), later, Language::English);
        assert!(line.ends_with("5.00 MB/s, 0:01 left"), "{line}");
    }
}
