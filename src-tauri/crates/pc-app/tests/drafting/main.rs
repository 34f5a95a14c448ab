//! Drafts from documents through the program itself, asked of a real cloud on loopback whose engine follows a script, and of a
//! tiny real model: what is garbage, endless, silent or refused ends in a sentence, and nothing that was stored is lost.

mod cloud;
mod documents;
mod judging;
mod trouble;

use std::sync::Arc;

use pc_app::api::{ChatTarget, Empty, ProposalDraft, ProposalRow, ProposalSource, ProposalsMade, TaskProgress};
use pc_app::{App, Keychain, Live};
use pc_base::{Cancel, Language};
use pc_testkit::{Home, fixed_clock};

use cloud::{Said, Serving};

/// A handbook whose three passages can be told apart by the script.
const HANDBOOK: &str = "# 早餐\n早餐从六点半开始，到十点结束，在二楼餐厅，每位 58 元。\n\
    # 押金\n入住时请出示身份证件，每间客房收取押金 500 元，退房检查后退还。\n\
    # 停车\n住客免费停车，车位在地下一层，先到先得，不预留。\n";

/// The program on a home of its own, with a scripted cloud selected.
struct Desk {
    home: Home,
    app: App,
    cloud: Serving,
}

impl Desk {
    /// `script` answers a prompt.
    async fn new(script: impl Fn(&str) -> Said + Send + Sync + 'static) -> Self {
        let home = Home::new();
        home.file("in/手册.md", HANDBOOK);
        let cloud = Serving::start(home.root(), script).await;
        let app = opened(&home);
        cloud.select(&app).await;
        Self { home, app, cloud }
    }

    fn documents(&self) -> ProposalSource {
        ProposalSource::Documents { path: self.home.root().join("in").display().to_string() }
    }

    async fn draft(&self, from: ProposalSource, cancel: &Cancel) -> anyhow::Result<ProposalsMade> {
        let target = ChatTarget::Cloud { deployed_model: "tiny".into() };
        let asked = ProposalDraft { from, target, each: 2, limit: 10, instruction: String::new() };
        self.app.proposal_draft(asked, Language::Chinese, &silent(cancel)).await
    }

    async fn list(&self) -> Vec<ProposalRow> {
        self.app.proposal_list(Empty {}, Language::English).await.unwrap()
    }
}

/// The same home in a program that was started anew.
fn opened(home: &Home) -> App {
    let keychain = Keychain::KeyFile(home.places.key_file.clone());
    App::open_with(home.places.clone(), keychain, Arc::new(fixed_clock())).unwrap()
}

fn silent(cancel: &Cancel) -> Live<TaskProgress> {
    Live::new(|_| (), cancel.clone())
}

/// The stable name of a failure.
fn code(error: &anyhow::Error) -> String {
    pc_base::Failure::of(error, Language::English).code
}

/// What a model that does as it is told says of each passage.
fn good(prompt: &str) -> Said {
    let text = if prompt.contains("58 元") {
        "问：早餐几点开始？\n答：早餐从六点半开始，在二楼餐厅。\n\n问：早餐多少钱？\n答：每位 58 元。"
    } else if prompt.contains("500 元") {
        "[{\"question\": \"押金多少？\", \"answer\": \"每间客房收取押金 500 元。\"}]"
    } else {
        "1. 问：可以停车吗？\n   答：住客免费停车，车位在地下一层。"
    };
    Said::Text(text.into())
}
