//! `partner main-job`: the seven steps as they happen, and the table of figures at their end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use pc_app::api::{Finding, KeyPlace, Quant, TuneStatus, TuneWatchEvent};
use pc_app::main_job::{Event, Plan, Step, Summary, Who};
use pc_base::{Language, Reporter as _};
use serde_json::json;

use super::{Call, tune, usage};
use crate::args::MainJob;
use crate::figures::{self, bytes, count, duration};
use crate::shown::Shown;
use crate::table::{table, text};

/// Between two lines about a training where no line can be redrawn.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// Runs it.
pub async fn run(job: MainJob, call: &Call) -> Result<()> {
    let plan = Plan { model: job.model, file: job.file, golden: job.golden };
    let teller = Teller { shown: call.shown.clone(), told: Mutex::default(), speaking: Mutex::default() };
    let tell = Arc::new(move |event: Event| teller.tell(&event));
    let summary = pc_app::main_job::run(&call.app, &plan, call.language(), tell, &call.cancel).await?;
    call.shown.result(&json!({"summary": summary}), &text_of(&summary, &call.shown));
    Ok(())
}

struct Teller {
    shown: Arc<Shown>,
    /// When a line about the training was last printed.
    told: Mutex<Option<Instant>>,
    /// Whose answer is being shown.
    speaking: Mutex<Option<Who>>,
}

impl Teller {
    fn tell(&self, event: &Event) {
        let shown = &self.shown;
        match event {
            Event::Progress { progress } => return shown.report(super::progress(progress.clone())),
            Event::Text { who, text } if !shown.json() => return self.speaks(*who, &text.replace('\n', " ")),
            Event::Answered { who } if !shown.json() => {
                self.speaks(*who, "\n");
                *self.speaking.lock().unwrap_or_else(PoisonError::into_inner) = None;
                return;
            }
            Event::Training { event } if !shown.json() => return self.training(event),
            _ => {}
        }
        let line = if shown.json() { String::new() } else { self.line(event) };
        shown.note(&json!({"event": event}), &line);
    }

    /// New text of an answer, which begins with who gives it.
    fn speaks(&self, who: Who, text: &str) {
        let before = self.speaking.lock().unwrap_or_else(PoisonError::into_inner).replace(who);
        if before != Some(who) {
            self.shown.text(&format!("    {}{}", who_name(who, &self.shown), self.shown.words(": ", "：")));
        }
        self.shown.text(text);
    }

    /// A redrawn line on a terminal; elsewhere a line now and then, so that a log shows that it lives.
    fn training(&self, event: &TuneWatchEvent) {
        let line = format!("  {}", tune::course(&event.job, &self.shown));
        if self.shown.live() {
            return self.shown.status(&line);
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let steps = event.job.status == TuneStatus::Running && event.job.step > 0;
        if steps && told.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            *told = Some(Instant::now());
            drop(told);
            self.shown.note(&json!({}), &line);
        }
    }

    fn line(&self, event: &Event) -> String {
        let shown = &self.shown;
        let language = shown.language();
        let english = language == Language::English;
        let line = match event {
            Event::Begun { .. } => return self.begun(event),
            Event::Started { step } => return format!("\n[{}/7] {}", step.number(), step_name(*step, shown)),
            Event::Refused { findings } => return refused(findings, language),
            Event::Checked { rows, messages, bytes: size, sha256, .. } => {
                let (rows, messages, size) = (count(*rows), count(*messages), bytes(*size));
                let hash = short(sha256);
                if english {
                    format!("{rows} conversations, {messages} messages, {size}, no errors. SHA-256 {hash}")
                } else {
                    format!("{rows} 组对话，{messages} 条消息，{size}，没有错误。SHA-256 {hash}")
                }
            }
            Event::Uploaded { id, bytes: size } => {
                let size = bytes(*size);
                if english {
                    format!("Stored encrypted as {id} ({size})")
                } else {
                    format!("已加密保存为 {id}（{size}）")
                }
            }
            Event::Queued { job_id } => {
                if english {
                    format!("Job {job_id} is queued")
                } else {
                    format!("任务 {job_id} 已排队")
                }
            }
            Event::Trained { model, tokens, loss_first, loss_last } => {
                let tokens = count(*tokens);
                if english {
                    format!("{model}: {tokens} tokens, loss {loss_first:.3} -> {loss_last:.3}")
                } else {
                    format!("{model}：{tokens} 个 token，损失 {loss_first:.3} -> {loss_last:.3}")
                }
            }
            Event::Verified { model, sha256, bytes: size } => {
                let (size, hash) = (bytes(*size), short(sha256));
                if english {
                    format!("{model}: {size}, the hash is right (SHA-256 {hash})")
                } else {
                    format!("{model}：{size}，哈希校验通过（SHA-256 {hash}）")
                }
            }
            Event::Converted { who, quant, bytes: size, seconds, load_ms } => {
                let (who, form, size) = (who_name(*who, shown), quant_name(*quant), bytes(*size));
                let made = duration(Duration::from_secs_f64(*seconds), language);
                if english {
                    format!("{who} {form}: {size}, converted in {made}, loaded in {load_ms:.0} ms")
                } else {
                    format!("{who} {form}：{size}，转换用时 {made}，加载用时 {load_ms:.0} 毫秒")
                }
            }
            Event::Offline { proven } => offline(*proven, shown).to_owned(),
            Event::Asked { question } => return format!("\n  {}{question}", shown.words("Q: ", "问：")),
            Event::Evaluated { who, quant, found, required, tokens_per_second } => {
                let (who, form) = (who_name(*who, shown), quant_name(*quant));
                if english {
                    format!("{who} {form}: {found} of {required} required facts, {tokens_per_second:.1} tokens/s")
                } else {
                    format!("{who} {form}：{required} 项必要事实中命中 {found} 项，{tokens_per_second:.1} tokens/s")
                }
            }
            Event::Deployed { deployed_model, openai_url, .. } => {
                let is = shown.words("serves at", "已部署，地址");
                format!("{deployed_model} {is} {openai_url}")
            }
            Event::Called { call } => {
                let how =
                    if call.streamed { shown.words("streamed", "流式") } else { shown.words("whole", "非流式") };
                let (input, output) = (call.input_tokens, call.output_tokens);
                let answer = call.text.replace('\n', " ");
                if english {
                    format!("{} {how}: {input} + {output} tokens: {answer}", call.api)
                } else {
                    format!("{} {how}：{input} + {output} 个 token：{answer}", call.api)
                }
            }
            Event::Billed { month } => return format!("\n{}", usage::month_text(month, shown)),
            Event::Finished { seconds, .. } => {
                let took = duration(Duration::from_secs_f64(*seconds), language);
                if english { format!("Done in {took}") } else { format!("完成，用时 {took}") }
            }
            Event::Progress { .. } | Event::Text { .. } | Event::Answered { .. } | Event::Training { .. } => {
                return String::new();
            }
        };
        format!("  {line}")
    }

    fn begun(&self, event: &Event) -> String {
        let Event::Begun { home, key_place, key_file, model, licence, terms } = event else { return String::new() };
        let shown = &self.shown;
        let key = match key_place {
            KeyPlace::Platform => shown.words("in the system's keychain", "系统钥匙串").to_owned(),
            KeyPlace::File | KeyPlace::Undecided => key_file.display().to_string(),
            KeyPlace::Session => shown.words("in this session only", "仅本次会话").to_owned(),
        };
        let mut rows = vec![
            [shown.words("Home", "主目录").to_owned(), home.display().to_string()],
            [shown.words("Master key", "主密钥").to_owned(), key],
            [shown.words("Base model", "基础模型").to_owned(), model.clone()],
        ];
        if !licence.is_empty() {
            rows.push([shown.words("Its licence", "其许可证").to_owned(), licence.clone()]);
        }
        rows.extend(terms.iter().map(|path| [String::new(), path.display().to_string()]));
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        table(&[text(""), text("")], &rows)
    }
}

fn offline(proven: bool, shown: &Shown) -> &str {
    if proven {
        return shown.words("This process has no route to any network.", "本进程没有通往任何网络的路由。");
    }
    shown.words(
        "This system does not let a process be cut off from the network; none is used all the same.",
        "本系统不允许将进程与网络隔离；回答过程同样不使用网络。",
    )
}

fn refused(findings: &[Finding], language: Language) -> String {
    let line = |found: &Finding| match language {
        Language::English => format!("  line {}: {} [{}]", found.line, found.message, found.code),
        Language::Chinese => format!("  第 {} 行：{} [{}]", found.line, found.message, found.code),
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

fn step_name(step: Step, shown: &Shown) -> &str {
    match step {
        Step::Check => shown.words("Check the file", "检查文件"),
        Step::Upload => shown.words("Upload it", "上传"),
        Step::Tune => shown.words("Fine-tune", "微调"),
        Step::TakeHome => shown.words("Take it home", "取回本机"),
        Step::Ask => shown.words("Ask it offline", "离线提问"),
        Step::Serve => shown.words("Serve it", "部署服务"),
        Step::Bill => shown.words("See the bill", "查看账单"),
    }
}

fn who_name(who: Who, shown: &Shown) -> &str {
    match who {
        Who::Base => shown.words("base", "基础"),
        Who::Tuned => shown.words("tuned", "微调"),
    }
}

fn quant_name(quant: Quant) -> &'static str {
    match quant {
        Quant::F32 => "f32",
        Quant::Int8 => "int8",
        Quant::Int4 => "int4",
    }
}

/// One row a figure, grouped by step.
fn text_of(summary: &Summary, shown: &Shown) -> String {
    let time = |seconds: f64| duration(Duration::from_secs_f64(seconds), shown.language());
    let took = |step: Step| {
        let seconds = summary.steps.iter().find(|(done, _)| *done == step).map_or(0.0, |(_, seconds)| *seconds);
        time(seconds)
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut step = |step: Step, figures: Vec<(String, String)>| {
        let name = format!("{} {}", step.number(), step_name(step, shown));
        for (at, (figure, value)) in figures.into_iter().enumerate() {
            let (name, took) = if at == 0 { (name.clone(), took(step)) } else { Default::default() };
            rows.push(vec![name, took, figure, value]);
        }
    };
    for (which, figures) in figures_of(summary, shown) {
        step(which, figures);
    }
    rows.push(vec![shown.words("Total", "合计").to_owned(), time(summary.seconds)]);
    let columns = [
        text(shown.words("Step", "步骤")),
        text(shown.words("Time", "用时")),
        text(shown.words("Figure", "指标")),
        text(shown.words("Value", "数值")),
    ];
    format!("\n{}", table(&columns, &rows))
}

type Figures = Vec<(String, String)>;

fn figures_of(summary: &Summary, shown: &Shown) -> Vec<(Step, Figures)> {
    let Summary { check, upload, tune, take_home, ask, serve, bill, .. } = summary;
    let figure = |english: &str, chinese: &str, value: String| (shown.words(english, chinese).to_owned(), value);
    let mut forms: Figures = vec![figure(
        "adapter, SHA-256",
        "适配器，SHA-256",
        format!("{}, {}", bytes(take_home.adapter_bytes), short(&take_home.sha256)),
    )];
    forms.extend(take_home.forms.iter().map(|form| {
        let name = format!("{} {}", who_name(form.who, shown), quant_name(form.quant));
        (name, bytes(form.bytes))
    }));
    let mut asked: Figures = ask
        .recalls
        .iter()
        .map(|recalled| {
            let name = format!(
                "{} {} {}",
                shown.words("recall", "命中率"),
                who_name(recalled.who, shown),
                quant_name(recalled.quant)
            );
            let (found, required) = (recalled.recall.found, recalled.recall.required);
            (name, format!("{:.2} ({found}/{required}), {:.1} tokens/s", recalled.share, recalled.tokens_per_second))
        })
        .collect();
    asked.push(figure(
        "int4 against f32: KL, same top token",
        "int4 对 f32：KL，首选词元一致",
        format!("{:.4}, {:.0} %", ask.kl_int4, ask.same_top_int4 * 100.0),
    ));
    let offline = if ask.offline {
        shown.words("yes, no route", "是，无路由")
    } else {
        shown.words("not enforced", "未强制")
    };
    asked.push(figure("offline", "离线", offline.to_owned()));
    let same = if serve.same { shown.words("yes", "是") } else { shown.words("no", "否") };
    vec![
        (
            Step::Check,
            vec![
                figure("conversations", "对话数", count(check.rows)),
                figure(
                    "nearest golden question (4-gram Jaccard)",
                    "与黄金问题最大相似度（4-gram Jaccard）",
                    format!("{:.2}", check.max_jaccard),
                ),
            ],
        ),
        (Step::Upload, vec![figure("size, id", "大小，编号", format!("{}, {}", bytes(upload.bytes), upload.file_id))]),
        (
            Step::Tune,
            vec![
                figure("tokens", "Token 数", format!("{}, {:.0} tokens/s", count(tune.tokens), tune.tokens_per_second)),
                figure("steps", "步数", count(tune.steps)),
                figure(
                    "loss, first and last",
                    "损失，首末",
                    format!("{:.3} -> {:.3}", tune.loss_first, tune.loss_last),
                ),
            ],
        ),
        (Step::TakeHome, forms),
        (Step::Ask, asked),
        (
            Step::Serve,
            vec![
                figure("calls, all answered the same", "调用次数，回答一致", format!("{}, {same}", serve.calls.len())),
                figure(
                    "tokens in, out",
                    "输入、输出 token",
                    format!("{}, {}", serve.input_tokens, serve.output_tokens),
                ),
            ],
        ),
        (
            Step::Bill,
            vec![
                figure(
                    "tokens trained, in, out",
                    "训练、输入、输出 token",
                    format!("{}, {}, {}", count(bill.training_tokens), bill.input_tokens, bill.output_tokens),
                ),
                figure("this job", "本次任务", figures::money(&bill.cost)),
                figure("this month so far", "本月至今", figures::money(&bill.month_total)),
            ],
        ),
    ]
}
