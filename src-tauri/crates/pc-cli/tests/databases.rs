//! Databases as a source, with real servers of Debian's: what the window asks for, and the same on the command line. What must not
//! stay behind is looked for on the disk and in the server.

#![cfg(unix)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use pc_app::{App, Keychain};
use pc_base::{Cancel, Failure, Language, SystemClock};
use pc_testkit::{DatabaseServer, Home, PASSWORD};
use serde_json::{Value, json};

const SETUP: &str = "
CREATE TABLE faq (id int PRIMARY KEY, 问题 text NOT NULL, 答案 text);
INSERT INTO faq SELECT n, '第 ' || n || ' 个问题是什么？', CASE WHEN n % 10 = 0 THEN NULL ELSE '答案 ' || n END FROM generate_series(1, 200) n;
CREATE ROLE reader LOGIN PASSWORD 'not-a-secret-7c1d';
GRANT SELECT ON faq TO reader;
ANALYZE faq;";

/// A server that nobody strikes.
fn postgres() -> &'static DatabaseServer {
    static SERVER: OnceLock<DatabaseServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = DatabaseServer::postgres();
        prepare(&server);
        server
    })
}

/// Does to a server what the console never does to one.
fn prepare(server: &DatabaseServer) {
    let port = server.port();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut config = tokio_postgres::Config::new();
            config.host("127.0.0.1").port(port).user("boss").password(PASSWORD).dbname("postgres");
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(SETUP).await.unwrap();
        });
    };
    std::thread::spawn(work).join().unwrap();
}

/// An opened console and all that it has said.
struct Console {
    home: Home,
    app: App,
    said: Mutex<String>,
}

impl Console {
    fn open() -> Self {
        let home = Home::new();
        let keychain = Keychain::KeyFile(home.places.key_file.clone());
        let app = App::open_with(home.places.clone(), keychain, Arc::new(SystemClock)).unwrap();
        Self { home, app, said: Mutex::default() }
    }

    async fn try_call(&self, command: &str, request: Value) -> Result<Value, Failure> {
        self.noted(self.app.call(command, request, Language::English).await)
    }

    async fn call(&self, command: &str, request: Value) -> Value {
        self.try_call(command, request).await.unwrap_or_else(|failure| panic!("{command}: {failure:?}"))
    }

    /// A stream that is cancelled as soon as it tells of rows, or goes on, as `on_row` wishes.
    async fn try_stream(
        &self,
        command: &str,
        request: Value,
        on_row: impl Fn(&Cancel) + Send + Sync + 'static,
    ) -> Result<Value, Failure> {
        let cancel = Cancel::default();
        let seen = cancel.clone();
        let told = move |event: Value| {
            if event["done"].as_u64() > Some(0) {
                on_row(&seen);
            }
        };
        self.noted(self.app.stream(command, request, Language::English, told, cancel).await)
    }

    async fn stream(&self, command: &str, request: Value) -> Value {
        let done = self.try_stream(command, request, |_| ()).await;
        done.unwrap_or_else(|failure| panic!("{command}: {failure:?}"))
    }

    fn noted(&self, answer: Result<Value, Failure>) -> Result<Value, Failure> {
        self.said.lock().unwrap().push_str(&format!("{answer:?}\n"));
        answer
    }

    /// Keeps a connection and answers its id.
    async fn keep(&self, name: &str, engine: &str, server: &DatabaseServer, user: &str, database: &str) -> String {
        let row = json!({"id": "", "name": name, "engine": engine, "host": "127.0.0.1", "port": server.port(),
            "database": database, "user": user, "tls": "prefer", "ca": null});
        let kept = self.call("database_save", json!({"row": row, "password": PASSWORD})).await;
        kept["id"].as_str().unwrap().to_owned()
    }

    /// Data sets, and whatever else lies in the library.
    async fn library(&self) -> (usize, Vec<PathBuf>) {
        let sets = self.call("library_list", json!({})).await.as_array().unwrap().len();
        let folder = std::fs::read_dir(self.home.places.home.join("datasets")).into_iter().flatten();
        let files = folder.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with(".lock"));
        (sets, files.collect())
    }

    /// Nothing that was said holds the password, and no file of the home.
    fn is_silent(&self) {
        assert!(!self.said.lock().unwrap().contains(PASSWORD), "the password was said");
        assert_eq!(holding(self.home.root(), PASSWORD.as_bytes()), Vec::<PathBuf>::new());
    }
}

fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).unwrap_or_default().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path);
        }
    }
    found
}

fn lines(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_becomes_a_version_from_connecting_to_the_last_row() {
    let console = Console::open();
    let id = console.keep("前台", "postgres", postgres(), "reader", "postgres").await;
    let found = console.call("database_probe", json!({"id": id})).await;
    assert!(found["server"].as_str().unwrap().starts_with("PostgreSQL 1"), "{found}");
    assert_eq!((&found["encrypted"], &found["verified"], &found["powers"]), (&json!(true), &json!(false), &json!([])));
    let table = &found["tables"][0];
    assert_eq!(
        (&table["name"], &table["columns"], &table["rows_about"], &found["more_tables"]),
        (&json!("faq"), &json!(["id", "问题", "答案"]), &json!(200), &json!(false))
    );
    let sql = table["query"].as_str().unwrap();
    let seen = console.stream("database_look", json!({"id": id, "sql": sql})).await;
    assert_eq!(seen["records"].as_array().unwrap().len(), 100, "enough to guess from, and no more");
    assert_eq!(seen["records"][1]["values"], json!(["2", "第 2 个问题是什么？", "答案 2"]));
    assert_eq!(seen["recipe"]["source"], json!({"shape": "pair", "question": "{问题}", "answer": "{答案}"}));
    assert!(seen["preview"][9]["skipped"].as_str().unwrap().contains("答案"), "{}", seen["preview"][9]);
    let mut import = json!({"id": id, "sql": sql, "recipe": seen["recipe"], "name": "faq"});
    let row = console.stream("database_import", import.clone()).await;
    assert_eq!((&row["rows"], &row["made"], &row["version"]), (&json!(180), &json!("query"), &json!(1)));
    assert_eq!(row["counts"], json!({"records": 200, "skipped": 20, "row_cell_empty": 20}));
    assert_eq!(row["source"], format!("前台: {sql}"));
    let rows = lines(row["path"].as_str().unwrap());
    assert_eq!(rows[179]["messages"][1]["content"], "答案 199");
    // The same again, shorter, as the next version of the same data set.
    import["dataset"] = row["dataset"].clone();
    import["limit"] = json!(15);
    let next = console.stream("database_import", import).await;
    assert_eq!((&next["version"], &next["rows"]), (&json!(2), &json!(14)));
    console.is_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_recipe_is_shown_without_asking_the_database_again() {
    let console = Console::open();
    let server = DatabaseServer::postgres();
    let id = console.keep("shop", "postgres", &server, "boss", "postgres").await;
    let powers = console.call("database_probe", json!({"id": id})).await;
    assert!(!powers["powers"].as_array().unwrap().is_empty() && !powers["advice"].as_str().unwrap().is_empty());
    let sql = "SELECT 'q' || n AS question, 'a' || n AS answer, 'm' || n AS more FROM generate_series(1, 3) n";
    let mut asked = json!({"id": id, "sql": sql});
    let seen = console.stream("database_look", asked.clone()).await;
    server.strike();
    asked["recipe"] = seen["recipe"].clone();
    asked["recipe"]["source"] = json!({"shape": "pair", "question": "{question}", "answer": "{answer}/{more}"});
    let shown = console.call("database_preview", asked.clone()).await;
    assert_eq!(shown[2]["messages"][1]["content"], "a3/m3");
    asked["recipe"]["source"]["answer"] = json!("{nothing}");
    let refused = console.try_call("database_preview", asked.clone()).await.unwrap_err();
    assert_eq!(refused.code, "recipe_column_missing");
    asked["sql"] = json!("SELECT 1");
    let refused = console.try_call("database_preview", asked).await.unwrap_err();
    // A server that has just been struck may still say so itself.
    assert!(["source_refused", "source_busy"].contains(&refused.code.as_str()), "another query is asked: {refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_joined_out_of_rows_that_lie_apart() {
    let console = Console::open();
    let server = DatabaseServer::mariadb();
    let id = console.keep("客服", "mysql", &server, "boss", "mysql").await;
    let found = console.call("database_probe", json!({"id": id})).await;
    assert!(found["server"].as_str().unwrap().starts_with("MariaDB "), "{found}");
    // Four turns of each of 300 conversations, all first turns first.
    let sql = "SELECT t.seq AS turn, c.seq AS conversation_id, IF(t.seq % 2 = 1, '客户', '客服') AS sender,
        CONCAT('第 ', c.seq, ' 次会话的第 ', t.seq, ' 句') AS content FROM seq_1_to_4 t JOIN seq_1_to_300 c ORDER BY t.seq, c.seq DESC";
    let recipe = json!({"version": 1, "kind": "sft", "source": {"shape": "turn", "speaker": "sender", "content": "{content}"},
        "group": {"by": ["conversation_id"], "order": "turn"}, "roles": {"客服": "assistant", "客户": "user"}});
    let row =
        console.stream("database_import", json!({"id": id, "sql": sql, "recipe": recipe, "name": "客服会话"})).await;
    assert_eq!((&row["rows"], &row["counts"]["records"]), (&json!(300), &json!(1200)));
    let rows = lines(row["path"].as_str().unwrap());
    let said: Vec<&str> =
        rows[0]["messages"].as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
    assert_eq!(
        said,
        ["第 300 次会话的第 1 句", "第 300 次会话的第 2 句", "第 300 次会话的第 3 句", "第 300 次会话的第 4 句"]
    );
    console.is_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_told_in_a_sentence_and_leaves_nothing() {
    let console = Console::open();
    let id = console.keep("shop", "postgres", postgres(), "reader", "postgres").await;
    let recipe = json!({"version": 1, "kind": "sft", "source": {"shape": "pair", "question": "{q}", "answer": "{a}"}});
    for (sql, code) in [
        ("DELETE FROM faq", "source_not_a_query"),
        ("SELECT 1; SELECT 2", "source_many_statements"),
        ("SELECT q FROM nowhere", "source_query_wrong_at"),
        ("SELECT 'q' AS q", "recipe_column_missing"),
        ("SELECT 'q' AS q, 'a' AS a WHERE false", "dataset_empty"),
        ("SELECT 'q' AS q, '' AS a", "dataset_empty"),
        ("SELECT 'q' AS q, 1 / (300 - n) AS a FROM generate_series(1, 400) n", "source_query_invalid"),
        ("SELECT 'q' AS q, pg_read_file('/etc/hostname') AS a", "source_permission_denied"),
    ] {
        let import = json!({"id": id, "sql": sql, "recipe": recipe, "name": "x"});
        let refused = console.try_stream("database_import", import, |_| ()).await.unwrap_err();
        assert_eq!(refused.code, code, "{sql}: {refused:?}");
        assert_eq!(console.library().await, (0, Vec::new()), "{sql}");
    }
    let seen = console.stream("database_look", json!({"id": id, "sql": "SELECT 'q' AS q WHERE false"})).await;
    assert_eq!((&seen["columns"], &seen["records"]), (&json!(["q"]), &json!([])));
    let gone = json!({"id": "gone", "sql": "SELECT 1"});
    assert_eq!(console.try_stream("database_look", gone, |_| ()).await.unwrap_err().code, "database_unknown");
}

/// A set-returning function in the list of columns is read row by row; in FROM, the server would first make all of its rows.
const ENDLESS: &str = "SELECT 'why ' || n || '?' AS question, repeat('because ', 40) || n AS answer
    FROM (SELECT generate_series(1, 2000000000) AS n) numbers";

fn endless(id: &str) -> Value {
    let recipe = json!({"version": 1, "kind": "sft", "source": {"shape": "pair", "question": "{question}", "answer": "{answer}"}});
    json!({"id": id, "sql": ENDLESS, "recipe": recipe, "name": "x"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_the_query_at_the_server_and_leaves_nothing() {
    let console = Console::open();
    let server = DatabaseServer::postgres();
    let id = console.keep("shop", "postgres", &server, "boss", "postgres").await;
    let stopped = console.try_stream("database_import", endless(&id), Cancel::cancel).await.unwrap_err();
    assert_eq!(stopped.code, "cancelled");
    assert_eq!(console.library().await, (0, Vec::new()));
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE '%because%' AND pid <> pg_backend_pid()";
    let busy = console.stream("database_look", json!({"id": id, "sql": sql})).await;
    assert_eq!(busy["records"][0]["values"], json!(["0"]), "the server does not go on for nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_in_the_middle_leaves_nothing_and_is_told() {
    for (server, engine, database, sql) in [
        (DatabaseServer::postgres(), "postgres", "postgres", ENDLESS),
        (
            DatabaseServer::mariadb(),
            "mysql",
            "mysql",
            "SELECT CONCAT('why ', seq, '?') AS question, CONCAT(REPEAT('because ', 40), seq) AS answer FROM seq_1_to_2000000000",
        ),
    ] {
        let console = Console::open();
        let id = console.keep("shop", engine, &server, "boss", database).await;
        let mut import = endless(&id);
        import["sql"] = json!(sql);
        let once = OnceLock::new();
        let strike = move |_: &Cancel| {
            once.get_or_init(|| server.strike());
        };
        let lost = console.try_stream("database_import", import, strike).await.unwrap_err();
        assert!(
            ["source_connection_lost", "source_server_refused"].contains(&lost.code.as_str()),
            "{engine}: {lost:?}"
        );
        assert!(lost.message.ends_with('.'), "{lost:?}");
        assert_eq!(console.library().await, (0, Vec::new()), "{engine}");
    }
}

/// The program with a home of its own.
struct Partner {
    home: Home,
}

impl Partner {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_partner"));
        command.args(args).env("PARTNER_HOME", &self.home.places.home).env("PARTNER_CACHE", &self.home.places.cache);
        command.env("PARTNER_KEY_FILE", &self.home.places.key_file).env("PARTNER_KEYCHAIN", "file");
        command
    }

    /// What it prints when this is typed.
    fn run(&self, args: &[&str], typed: &str) -> Output {
        let mut command = self.command(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains(PASSWORD), "{args:?} printed the password: {said}");
        output
    }

    /// The last JSON line and the exit status.
    fn json(&self, args: &[&str], typed: &str) -> (Value, i32) {
        let output = self.run(&[args, &["--json"]].concat(), typed);
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().unwrap_or_else(|| panic!("{args:?} printed nothing"));
        (serde_json::from_str(last).unwrap(), output.status.code().unwrap())
    }
}

#[test]
fn the_command_line_keeps_probes_imports_and_forgets() {
    let partner = Partner { home: Home::new() };
    let url = format!("postgres://reader@127.0.0.1:{}/postgres", postgres().port());
    let typed = format!("{PASSWORD}\n");
    let (kept, status) = partner.json(&["database", "save", "desk", "--url", &url, "--password-stdin"], &typed);
    assert_eq!((&kept["name"], status), (&json!("desk"), 0), "{kept}");
    let (listed, _) = partner.json(&["database", "list"], "");
    assert_eq!((listed["databases"].as_array().unwrap().len(), &listed["databases"][0]["id"]), (1, &kept["id"]));
    let (found, status) = partner.json(&["database", "probe", "desk"], "");
    assert_eq!((&found["tables"][0]["name"], status), (&json!("faq"), 0), "{found}");
    let query = "SELECT 问题, 答案 FROM faq ORDER BY id";
    let import = ["dataset", "import-db", "--connection", "desk", "--query", query];
    let (done, status) = partner.json(&[&import[..], &["--name", "faq"]].concat(), "");
    assert_eq!((&done["version"]["rows"], &done["report"]["records"], status), (&json!(180), &json!(200), 0), "{done}");
    let place = |name: &str| partner.home.root().join(name).display().to_string();
    let (rows, recipe) = (place("rows.jsonl"), place("recipe.json"));
    let (done, status) =
        partner.json(&[&import[..], &["--out", &rows, "--keep-recipe", &recipe, "--limit", "9"]].concat(), "");
    assert_eq!((done["report"]["rows"].as_u64(), status, lines(&rows).len()), (Some(9), 0, 9), "{done}");
    assert!(done["version"].is_null(), "{done}");
    // Without anything kept: the address as an argument, the password over the standard input.
    let again = place("again.jsonl");
    let direct = ["dataset", "import-db", "--url", &url, "--password-stdin", "--query", query, "--recipe", &recipe];
    let output = partner.run(&[&direct[..], &["--out", &again, "--limit", "9"]].concat(), &typed);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(&rows).unwrap(), std::fs::read(&again).unwrap());
    let chinese = [&["--lang", "zh-CN"], &direct[..], &["--out", &again]].concat();
    let refused = partner.run(&chinese, "wrong-password\n");
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(error.contains("[source_password_wrong]") && error.contains("reader") && error.contains('。'), "{error}");
    assert_eq!(std::fs::read(&rows).unwrap(), std::fs::read(&again).unwrap(), "a refusal changes nothing");
    for wrong in [
        &["dataset", "import-db", "--query", query, "--name", "x"][..],
        &["dataset", "import-db", "--url", &url, "--connection", "desk", "--query", query, "--name", "x"],
        &["dataset", "import-db", "--connection", "desk", "--query", query],
        &["dataset", "import-db", "--connection", "nobody", "--query", query, "--name", "x"],
    ] {
        assert_eq!(partner.run(wrong, "").status.code(), Some(1), "{wrong:?}");
    }
    let (_, status) = partner.json(&["database", "remove", "desk"], "");
    assert_eq!(status, 0);
    let (gone, status) = partner.json(&["database", "probe", "desk"], "");
    assert_eq!((&gone["error"]["code"], status), (&json!("database_unknown"), 1));
    assert_eq!(holding(partner.home.root(), PASSWORD.as_bytes()), Vec::<PathBuf>::new());
}

const ROWS: u64 = 1_000_000;
/// Megabytes that the whole program may take.
const MOST: u64 = 500;

/// Megabytes at most, by what Linux counts for a process while it runs.
fn peak(child: &mut std::process::Child) -> u64 {
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        most = most.max(kilobytes.unwrap_or(0) / 1024);
        std::thread::sleep(Duration::from_millis(20));
    }
    most
}

#[expect(clippy::print_stdout, reason = "figures are for whoever runs it with --nocapture")]
fn say(figures: &str) {
    println!("{figures}");
}

#[test]
fn a_million_rows_pass_in_bounded_memory_alone_and_joined() {
    let partner = Partner { home: Home::new() };
    let url = format!("postgres://boss:{PASSWORD}@127.0.0.1:{}/postgres", postgres().port());
    let pairs = format!(
        "SELECT 'why is row ' || n || ' here?' AS question, 'because ' || n || repeat(' 文', 60) AS answer
         FROM (SELECT generate_series(1, {ROWS}) AS n) numbers"
    );
    let turns = format!(
        "SELECT n % 100000 AS conversation_id, n AS turn, CASE WHEN (n / 100000) % 2 = 0 THEN 'user' ELSE 'assistant' END AS sender,
         'row ' || n || repeat(' 文', 60) AS content FROM (SELECT generate_series(0, {}) AS n) numbers",
        ROWS - 1
    );
    let recipe = partner.home.file(
        "turns.json",
        json!({"version": 1, "kind": "sft", "source": {"shape": "turn", "speaker": "sender", "content": "{content}"},
            "group": {"by": ["conversation_id"], "order": "turn"}})
        .to_string(),
    );
    for (name, query, recipe, rows) in
        [("pairs", pairs, None, ROWS), ("turns", turns, Some(recipe.display().to_string()), 100_000)]
    {
        let mut args = vec!["dataset", "import-db", "--json", "--url", &url, "--query", &query, "--name", name];
        if let Some(recipe) = &recipe {
            args.extend(["--recipe", recipe]);
        }
        let begun = Instant::now();
        let out = partner.home.root().join(format!("{name}.out"));
        let mut command = partner.command(&args);
        let mut child = command.stdout(std::fs::File::create(&out).unwrap()).spawn().unwrap();
        let most = peak(&mut child);
        assert!(child.wait().unwrap().success(), "{}", std::fs::read_to_string(&out).unwrap());
        let text = std::fs::read_to_string(&out).unwrap();
        let done: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((done["version"]["rows"].as_u64(), done["report"]["records"].as_u64()), (Some(rows), Some(ROWS)));
        let seconds = begun.elapsed().as_secs_f64();
        say(&format!("{name}: {ROWS} rows in {seconds:.1} s, {:.0} rows/s, peak {most} MB", ROWS as f64 / seconds));
        assert!(most < MOST, "{name}: the program took {most} MB");
    }
}
