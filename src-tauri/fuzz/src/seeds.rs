//! First inputs: the fixtures whose names end in the target's, their inner parts, and a few rows.

use std::io::{Error, Read as _, Result};
use std::path::{Path, PathBuf};

use crate::dress;

const TEXTS: &[(&[&str], &[&str])] = &[
    (
        &["jsonl", "check", "privacy", "near", "index", "fix", "mapping", "json", "tape", "count"],
        &[
            r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"几点退房？"},{"role":"assistant","content":"中午 12 点。","loss_weight":0.5}]}"#,
            r#"{"messages":[{"role":"user","content":"q"}],"chosen":{"role":"assistant","content":"a"},"rejected":{"role":"assistant","content":"b"}}"#,
            r#"{"text":"联系人：张三，手机 13800138000，邮箱 a@b.cn，身份证 11010519491231002X，卡号 4111 1111 1111 1111"}"#,
            r#"{"text":"password=hunter22 AKIAIOSFODNN7EXAMPLE https://u:p@h/ 192.168.0.1 00:1a:2b:3c:4d:5e 京A12345 \ud83d\ude00"}"#,
            r#"{"instruction":"q","input":"","output":"a"}"#,
            r#"{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}],"system":"s"}"#,
            r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"<think>\nx\n</think>\n\na","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"9"},{"role":"assistant","content":"b"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
        ],
    ),
    (&["json"], &["[{\"q\":1.5e3,\"a\":null},{\"q\":\"\\u00e9\"}]", "{\"data\":{\"rows\":[{\"q\":[true]}]}}"]),
    (&["csv"], &["q;a\n\"x\"\"y\";'1'\n", "q\ta\n1\t2\n", "q|a\r\n\"1\n2\"|3\r\n"]),
    (
        &["md", "txt"],
        &[
            "# T\n\na | b\n\n## U\n\n```\ncode\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
            "Setext\n===\ntext. 句子。另一句！\n",
        ],
    ),
    (
        &["html"],
        &[
            "<!doctype html><html><head><title>t</title><script>x</script></head><body><h1>a</h1><table><tr><th>b<td>c</table><pre>d\n</pre><ul><li>e&amp;f</ul></body>",
        ],
    ),
    (
        &["recipe"],
        &[
            r#"{"version":1,"kind":"sft","source":{"shape":"pair","question":"{q}","answer":"{{a}} {a?}"},"system":"{s?}"}"#,
            r#"{"version":1,"kind":"sft","source":{"shape":"turn","speaker":"who","content":"{a}"},"group":{"by":["id"],"order":"time","gap_minutes":30},"roles":{"x":"user","y":null},"others":"assistant"}"#,
            r#"{"version":1,"kind":"dpo","source":{"shape":"preference","history":"h","chosen":"{q}","rejected":"{a}"},"tools":"t","thinking":"s","keep_spaces":true}"#,
            r#"{"version":1,"kind":"sft","source":{"shape":"messages","column":"h"}}"#,
            r#"{"version":1,"kind":"cpt","source":{"shape":"text","text":"{q}: {a}"}}"#,
        ],
    ),
    (
        &["template"],
        &[
            "{% for m in messages %}{{ m['role'] + ': ' + m.content | trim }}{% if not loop.last %}\n{% endif %}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}",
            "{%- set ns = namespace(n=0) -%}{% for m in messages[::-1] %}{% set ns.n = ns.n + 1 %}{{ raise_exception('x') if ns.n > 9 }}{% endfor %}{{ messages | tojson }}{{ strftime_now('%Y') }}",
        ],
    ),
    (
        &["tokenizer"],
        &[
            r#"{"version":"1.0","added_tokens":[{"id":3,"content":"<s>","special":true,"single_word":false,"lstrip":false,"rstrip":false,"normalized":false}],"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre_tokenizer":null,"post_processor":null,"decoder":null,"model":{"type":"BPE","dropout":null,"unk_token":null,"fuse_unk":true,"byte_fallback":true,"vocab":{"a":0,"b":1,"ab":2,"<s>":3},"merges":[["a","b"]]}}"#,
            crate::targets::TOKENIZER,
        ],
    ),
    (&["ranks"], &["YQ== 0\nYg== 1\nYWI= 2\n"]),
];

/// Writes the inputs of a target.
pub fn write(target: &str, from: &Path, into: &Path) -> Result<()> {
    std::fs::create_dir_all(into)?;
    let put = |name: String, bytes: &[u8]| std::fs::write(into.join(name), bytes);
    for (number, text) in
        TEXTS.iter().filter(|(names, _)| names.contains(&target)).flat_map(|(_, texts)| *texts).enumerate()
    {
        put(format!("text-{number}"), text.as_bytes())?;
    }
    let outer = match target {
        "sheet" => "xlsx",
        "word" => "docx",
        "biff" => "xls",
        other => other,
    };
    for path in fixtures(from, outer)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match target {
            "sheet" => parts(&path, dress::WORKBOOK, into)?,
            "word" => parts(&path, dress::DOCUMENT, into)?,
            "biff" => {
                let mut stream = Vec::new();
                cfb::open(&path)?.open_stream("/Workbook")?.read_to_end(&mut stream)?;
                put(name, &stream)?;
            }
            _ => put(name, &std::fs::read(&path)?)?,
        }
    }
    if target == "receipt" {
        let statement = pc_protocol::receipt::Statement::of(pc_protocol::receipt::Action::Upload, "r".to_owned());
        let receipt = pc_protocol::receipt::Receipt::sign(&statement, &[7; 32]);
        put("signed".to_owned(), &serde_json::to_vec(&receipt)?)?;
    }
    if target == "repeat" {
        let units = [
            "1",
            "a@",
            "138",
            "姓名",
            "张三",
            "</b>",
            "<td>",
            "| a ",
            "# \n",
            "\"",
            ",\"",
            "[",
            "{\"a\":",
            "http://",
            "password=",
            "é",
        ];
        for (number, unit) in units.iter().enumerate() {
            (0..8).try_for_each(|which| put(format!("{number}-{which}"), &[&[which], unit.as_bytes()].concat()))?;
        }
    }
    if target == "page" {
        for which in 0..4 {
            put(
                format!("part-{which}"),
                &[&[which], b"q 1 0 0 1 0 0 cm /X Do BT /F 9 Tf [(a) -200 (b)] TJ T* <41> ' ET Q".as_slice()].concat(),
            )?;
        }
    }
    Ok(())
}

fn fixtures(from: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(from)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    found.retain(|path| path.extension().is_some_and(|found| found == ending));
    found.sort();
    Ok(found)
}

/// The parts of a real document, each with the number of the part that it takes the place of.
fn parts(path: &Path, known: &[(&str, &[u8])], into: &Path) -> Result<()> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path)?).map_err(Error::other)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    for (number, (name, _)) in (0_u8..).zip(known) {
        let mut bytes = vec![number];
        if let Ok(mut part) = archive.by_name(name) {
            part.read_to_end(&mut bytes)?;
            std::fs::write(into.join(format!("{stem}-{number}")), bytes)?;
        }
    }
    Ok(())
}
