//! An embedded cloud on a loopback port, whose engine says what a script tells it to.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pc_app::App;
use pc_app::api::{CloudAdd, CloudId};
use pc_base::{Cancel, Language};
use pc_secrets::MasterKey;
use pc_server::{
    BaseModel, DeploySpec, Engine, Finish, GenerateSpec, Generated, Options, PriceBook, Profile, Prompt, State,
    TrainDone, TrainEvent, TrainSpec,
};
use pc_testkit::fixed_clock;
use tokio::net::TcpListener;

const PRICES: &str = r#"{"date": "2026-11-24", "source": "test", "currency": "CNY", "tokens_a_unit": 1000,
    "default": {"training_token": "0.003", "input_token": "0.0003", "output_token": "0.0007", "model_unit_hour": "0.1"},
    "models": {}}"#;
/// Beyond this no test waits; a silence that nobody ended ends here.
const LONGEST: Duration = Duration::from_secs(60);

/// What the engine does with a prompt.
pub enum Said {
    Text(String),
    /// Over and over, until somebody stops it.
    Endless(String),
    /// Nothing, until somebody stops it.
    Silence,
    Refusal,
}

struct Scripted {
    script: Box<dyn Fn(&str) -> Said + Send + Sync>,
    asked: Arc<AtomicU64>,
}

impl Engine for Scripted {
    fn bases(&self) -> Vec<BaseModel> {
        vec![BaseModel { id: "tiny".into(), name: "Tiny".into(), max_length: 8_192 }]
    }

    fn train(&self, _: &TrainSpec, _: &mut dyn FnMut(TrainEvent), _: &Cancel) -> anyhow::Result<TrainDone> {
        anyhow::bail!("nothing is trained here")
    }

    fn deploy(&self, _: &DeploySpec) -> anyhow::Result<()> {
        Ok(())
    }

    fn undeploy(&self, _: &str) -> anyhow::Result<()> {
        Ok(())
    }

    fn retain(&self, _: &[String]) -> anyhow::Result<()> {
        Ok(())
    }

    fn generate(
        &self,
        spec: &GenerateSpec,
        on_said: &mut dyn FnMut(pc_server::Said<'_>) -> ControlFlow<()>,
        cancel: &Cancel,
    ) -> anyhow::Result<Generated> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let Prompt::Messages(messages) = &spec.prompt else { anyhow::bail!("it is a chat") };
        let prompt = messages.last().and_then(|message| message["content"].as_str()).unwrap_or_default();
        let mut say = |text: &str| on_said(pc_server::Said { text, tokens: &[] }).is_continue();
        let start = Instant::now();
        let goes_on = || !cancel.is_cancelled() && start.elapsed() < LONGEST;
        match (self.script)(prompt) {
            Said::Text(text) => {
                say(&text);
            }
            Said::Endless(text) => while goes_on() && say(&text) {},
            Said::Silence => {
                while goes_on() {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            Said::Refusal => return Err(pc_base::coded(pc_base::Code::TemplateInvalid).with("why", "script").into()),
        }
        Ok(Generated { finish: Finish::Stop, input_tokens: 10, output_tokens: 10 })
    }
}

/// A running cloud; it ends with its runtime.
pub struct Serving {
    address: SocketAddr,
    api_key: String,
    asked: Arc<AtomicU64>,
}

impl Serving {
    pub async fn start(root: &Path, script: impl Fn(&str) -> Said + Send + Sync + 'static) -> Self {
        let asked = Arc::<AtomicU64>::default();
        let engine = Scripted { script: Box::new(script), asked: asked.clone() };
        let (data_dir, prices) = (root.join("cloud"), PriceBook::read(PRICES).unwrap());
        let options = Options { data_dir, profile: Profile::embedded(), prices };
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let state = State::open(options, master, Arc::new(engine), Arc::new(fixed_clock())).unwrap();
        let api_key = state.credentials(None).unwrap().api_key.expose().clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(pc_server::serve(listener, state, std::future::pending()));
        Self { address, api_key, asked }
    }

    /// Adds it to a console and selects it there.
    pub async fn select(&self, app: &App) {
        let added = CloudAdd {
            name: "scripted".into(),
            base_url: format!("http://{}", self.address),
            billing_url: None,
            region: None,
            workspace: None,
            api_key: self.api_key.clone(),
            access_key_id: None,
            access_key_secret: None,
        };
        let row = app.cloud_add(added, Language::English).await.unwrap();
        app.cloud_select(CloudId { id: row.id }, Language::English).await.unwrap();
    }

    /// How many questions it was asked.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}
