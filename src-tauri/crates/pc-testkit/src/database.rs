//! Real servers of PostgreSQL and MariaDB for one test program: a folder, a port and a certificate of their own, nothing of the
//! system's touched. They end with the program, however it ends. Deliberately absent: a client.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::free_port;

/// The password of every user that a server begins with.
pub const PASSWORD: &str = "not-a-secret-7c1d";

/// The user `nobody` of every Unix: both servers refuse to run as root.
const NOBODY: u32 = 65534;

/// Runs a server in its folder until the standard input closes, which also happens when the test program is killed.
const KEEPER: &str = r#"signal=$1; folder=$2; shift 2
"$@" >"$folder/log" 2>&1 </dev/null &
echo $! >"$folder/pid"
cat >/dev/null
kill -s "$signal" $! 2>/dev/null
wait
rm -rf "$folder""#;

/// A running server; dropping it stops it and removes its folder.
pub struct DatabaseServer {
    port: u16,
    folder: PathBuf,
    keeper: Child,
}

impl DatabaseServer {
    /// PostgreSQL with the superuser `boss`. Users are let in by [`PASSWORD`] in the way of SCRAM; one called `tls_only` only over TLS.
    pub fn postgres() -> Self {
        let (home, port) = (folder(), free_port());
        let folder = home.path();
        let (initdb, postgres) = (postgres_program("initdb"), postgres_program("postgres"));
        let password = folder.join("password");
        write(&password, PASSWORD.as_bytes());
        let data = folder.join("data");
        let mut init = as_nobody(Command::new(initdb));
        init.arg("-D").arg(&data).args(["-U", "boss", "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "-N"]);
        done(init.arg("--pwfile").arg(password), folder);
        let rules =
            "hostssl all tls_only all scram-sha-256\nhost all tls_only all reject\nhost all all all scram-sha-256\n";
        write(&data.join("pg_hba.conf"), rules.as_bytes());
        let mut server = vec![postgres.into_os_string(), "-D".into(), data.into()];
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".into(),
            "unix_socket_directories=".into(),
            "fsync=off".into(),
            "shared_buffers=16MB".into(),
            "autovacuum=off".into(),
            "ssl=on".into(),
            format!("ssl_cert_file={}", folder.join("server.pem").display()),
            format!("ssl_key_file={}", folder.join("server.key").display()),
        ];
        server.extend(settings.into_iter().flat_map(|setting| ["-c".into(), setting.into()]));
        Self::keep("QUIT", home, port, server)
    }

    /// MariaDB with the superuser `boss`, let in by [`PASSWORD`] from this machine, who may write files where the system lets `nobody`.
    pub fn mariadb() -> Self {
        let (home, port) = (folder(), free_port());
        let folder = home.path();
        let server =
            program(&["mariadbd", "mysqld"], &["/usr/sbin", "/usr/libexec", "/opt/homebrew/bin", "/usr/local/bin"]);
        mariadb_tables(&server, folder);
        let path = |name: &str| folder.join(name).display().to_string();
        let settings = [
            format!("--datadir={}", path("data")),
            format!("--port={port}"),
            format!("--socket={}", path("socket")),
            format!("--pid-file={}", path("data/pid")),
            format!("--ssl-cert={}", path("server.pem")),
            format!("--ssl-key={}", path("server.key")),
            "--bind-address=127.0.0.1".into(),
            "--skip-name-resolve=0".into(),
            "--secure-file-priv=".into(),
            "--innodb-log-file-size=4M".into(),
            "--innodb-buffer-pool-size=16M".into(),
            "--debug-no-sync".into(),
            "--max-allowed-packet=256M".into(),
        ];
        let mut command = vec![server.into_os_string(), "--no-defaults".into()];
        command.extend(settings.into_iter().map(Into::into));
        Self::keep("KILL", home, port, command)
    }

    fn keep(signal: &str, home: TempDir, port: u16, server: Vec<std::ffi::OsString>) -> Self {
        let mut keeper = as_nobody(Command::new("sh"));
        keeper.args(["-c", KEEPER, "keeper", signal]).arg(home.path()).args(server);
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a shell is there");
        // From here on the keeper removes it.
        let folder = home.keep();
        let server = Self { port, folder, keeper };
        let until = Instant::now() + Duration::from_secs(60);
        while !server.is_ready() {
            assert!(Instant::now() < until, "the server did not come up: {}", log(&server.folder));
            std::thread::sleep(Duration::from_millis(30));
        }
        server
    }

    /// MariaDB listens when it is ready; PostgreSQL earlier, and says so in the file of its process number.
    fn is_ready(&self) -> bool {
        let data = self.folder.join("data");
        match std::fs::read_to_string(data.join("postmaster.pid")) {
            Ok(lines) => lines.contains("\nready"),
            Err(_) => {
                let is_postgres = data.join("PG_VERSION").exists();
                !is_postgres && std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            }
        }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that vouches for `localhost`, and for no other name or address, as a PEM file.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The certificate of an authority that vouches for nobody here.
    pub fn stranger(&self) -> PathBuf {
        self.folder.join("stranger.pem")
    }

    /// A folder that the server may write to.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops the server at once, in the middle of whatever it does.
    pub fn strike(&self) {
        let pid = std::fs::read_to_string(self.folder.join("pid")).expect("the keeper wrote it");
        let signal = if self.folder.join("data/PG_VERSION").exists() { "QUIT" } else { "KILL" };
        let struck = Command::new("kill").args(["-s", signal, pid.trim()]).status().expect("kill is there");
        assert!(struck.success(), "the server was running");
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A folder that belongs to whom the servers run as, with certificates in it.
fn folder() -> TempDir {
    let home = tempfile::Builder::new().prefix("partner-database-").tempdir().expect("a temporary folder");
    let folder = home.path();
    own(folder, 0o700);
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("ring makes keys")).expect("a certificate")
    };
    let ours = authority("authority");
    let key = KeyPair::generate().expect("ring makes keys");
    let server = CertificateParams::new(vec!["localhost".to_owned()]).and_then(|params| params.signed_by(&key, &ours));
    write(&folder.join("authority.pem"), ours.pem().as_bytes());
    write(&folder.join("stranger.pem"), authority("stranger").pem().as_bytes());
    write(&folder.join("server.pem"), server.expect("a certificate").pem().as_bytes());
    write(&folder.join("server.key"), key.serialize_pem().as_bytes());
    home
}

fn write(path: &Path, bytes: &[u8]) {
    pc_base::write_atomic(path, bytes).expect("a temporary folder can be written");
    own(path, 0o600);
}

fn own(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give it away");
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id is there");
    output.stdout.trim_ascii() == b"0"
}

fn as_nobody(mut command: Command) -> Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir("/");
    command
}

fn done(command: &mut Command, folder: &Path) {
    let output = command.output().expect("the program was found before");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{:?} in {} failed: {said}", command.get_program(), folder.display());
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// The system's tables, made by the server itself as its own installer would; that one needs packages of clients.
fn mariadb_tables(server: &Path, folder: &Path) {
    const PARTS: [&str; 3] =
        ["mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"];
    let data = folder.join("data");
    std::fs::create_dir(&data).expect("a temporary folder can be written");
    own(&data, 0o700);
    let places = ["/usr/share/mysql", "/usr/share/mariadb", "/opt/homebrew/share/mariadb", "/usr/local/share/mariadb"];
    let share = places.map(Path::new).into_iter().find(|place| place.join(PARTS[0]).exists());
    let share = share.expect("MariaDB's own statements lie beside the server");
    let mut script = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n".to_owned();
    for part in PARTS {
        script += &std::fs::read_to_string(share.join(part)).expect("it came with the server");
    }
    script += "FLUSH PRIVILEGES;\n";
    for host in ["127.0.0.1", "localhost"] {
        script += &format!(
            "CREATE USER boss@'{host}' IDENTIFIED BY '{PASSWORD}';\n\
             GRANT ALL PRIVILEGES ON *.* TO boss@'{host}' WITH GRANT OPTION;\n"
        );
    }
    let path = folder.join("first.sql");
    write(&path, script.as_bytes());
    let mut bootstrap = as_nobody(Command::new(server));
    bootstrap.args([
        "--no-defaults",
        "--bootstrap",
        "--enforce-storage-engine=",
        "--innodb-log-file-size=4M",
        "--debug-no-sync",
    ]);
    bootstrap.arg(format!("--datadir={}", data.display()));
    done(bootstrap.stdin(std::fs::File::open(path).expect("it was just written")), folder);
}

/// Debian keeps PostgreSQL's programs in a folder for each version; the newest counts.
fn postgres_program(name: &str) -> PathBuf {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let mut folders: Vec<String> = versions.map(|path| path.display().to_string()).collect();
    folders.sort();
    folders.reverse();
    folders.extend(["/opt/homebrew/bin".to_owned(), "/usr/local/bin".to_owned()]);
    program(&[name], &folders.iter().map(String::as_str).collect::<Vec<_>>())
}

fn program(names: &[&str], folders: &[&str]) -> PathBuf {
    let path = pc_base::env::text(pc_base::env::PROGRAMS).unwrap_or_default();
    let places = folders.iter().copied().map(PathBuf::from).chain(std::env::split_paths(&path));
    let mut found = places.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    found.find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("{} is not installed. Run cargo xtask test, which first installs the servers that tests need.", names[0])
    })
}
