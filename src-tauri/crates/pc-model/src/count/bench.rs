//! The bench of token counting: rows of generated Chinese, English and code, no two alike, on one thread and on two, next to
//! the `tokenizers` library on a part of the same rows. Printing the figures is the caller's part.

use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use pc_base::Cancel;
use rayon::prelude::*;
use serde::Serialize;

use super::Counter;
use crate::tokenizer::Tokenizer;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct CountBench {
    pub bytes: u64,
    pub rows: usize,
    pub tokens: u64,
    pub speeds: Vec<CountSpeed>,
}

/// One way of counting.
#[derive(Clone, Debug, Serialize)]
pub struct CountSpeed {
    /// `ours` or `tokenizers`.
    pub name: &'static str,
    pub threads: usize,
    pub bytes: u64,
    pub seconds: f64,
    /// 10^6 bytes a second.
    pub megabytes_per_second: f64,
}

/// The library is given this share of the rows: it is many times slower.
const SHARE: usize = 16;

impl CountBench {
    /// Counts about `bytes` of generated text. The library's counts, where one is given, have to be equal row by row.
    pub fn run(counter: &Counter, library: Option<&Tokenizer>, bytes: usize, cancel: &Cancel) -> Result<Self> {
        let rows = generate(bytes, cancel)?;
        let mut speeds = Vec::new();
        let mut tokens = Vec::new();
        for threads in [1, 2] {
            tokens = speed(&mut speeds, ("ours", threads), &rows, cancel, &|row| counter.count(row))?;
        }
        if let Some(library) = library {
            let rows = &rows[..rows.len() / SHARE];
            for threads in [1, 2] {
                let theirs =
                    speed(&mut speeds, ("tokenizers", threads), rows, cancel, &|row| Ok(library.encode(row)?.len()))?;
                ensure!(theirs == tokens[..rows.len()], "the two count differently, so the figures mean nothing");
            }
        }
        let sum = tokens.iter().map(|tokens| *tokens as u64).sum();
        Ok(Self { bytes: size(&rows), rows: rows.len(), tokens: sum, speeds })
    }
}

fn size(rows: &[String]) -> u64 {
    rows.iter().map(|row| row.len() as u64).sum()
}

type Count<'a> = &'a (dyn Fn(&str) -> Result<usize> + Sync);

fn speed(
    speeds: &mut Vec<CountSpeed>,
    (name, threads): (&'static str, usize),
    rows: &[String],
    cancel: &Cancel,
    count: Count,
) -> Result<Vec<usize>> {
    let start = Instant::now();
    let share = rows.len().div_ceil(threads).max(1);
    let counted: Vec<Result<Vec<usize>>> = thread::scope(|scope| {
        let part = |rows: &'_ [String]| rows.iter().map(|row| cancel.check().and_then(|()| count(row))).collect();
        let running: Vec<_> = rows.chunks(share).map(|rows| scope.spawn(move || part(rows))).collect();
        running.into_iter().map(|thread| thread.join().ok().context("counting ended early")?).collect()
    });
    let mut tokens = Vec::with_capacity(rows.len());
    for counted in counted {
        tokens.extend(counted?);
    }
    let (seconds, bytes) = (start.elapsed().as_secs_f64().max(1e-9), size(rows));
    speeds.push(CountSpeed { name, threads, bytes, seconds, megabytes_per_second: bytes as f64 / 1e6 / seconds });
    Ok(tokens)
}

/// Frequent characters and words, the most frequent ones first; rows draw from them as languages do, a few often and most
/// seldom, and put together words that nobody listed.
const CHARACTERS: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔客房早餐预订退行李前台服务时间地铁附近发票取消酒店电影城市航班天气护照签证";
const WORDS: &str = "the of and to in is that for it as was with be by on not he this are or his from at which but have an had they you were there one all we can her has more when who will would no if out so said what up its about into than them only other new some could time these two may then do first any my now such like our over man me even most made after also did many before must through back years where much your way well down should because each just those people how too little state good very make world still own see men work long get here between both life being under never day same another know while last might us great old year off come since against go came right used take three states himself few house use during without again place american around however home small found thought went say part once general high upon school every don't does got united left number course war until always away something fact though water less public put thing almost hand enough far took head yet government system better set told nothing night end why called didn't eyes find going look asked later knew point next program city business give group toward young days let room within present order social often white several second light rather among felt important face become case need order given used large kind country possible service reservation breakfast invoice luggage";
const CODE: &[&str] = &[
    "fn main() {\n    let total: u64 = rows.iter().map(|row| row.len() as u64).sum();\n}\n",
    "for (int i = 0; i < n; ++i) {\n\tsum += a[i] * b[i];\n}\n",
    "def area(r):\n    return 3.14159 * r ** 2\n",
    "SELECT id, name FROM guests WHERE room >= 301 ORDER BY name;\n",
    "{\"role\": \"user\", \"content\": \"https://example.com/a?b=1&c=%20\"}\n",
    "<div class=\"card\"><p>¥1,299.00</p></div>\n",
];

/// Xorshift (Marsaglia 2003): quick and the same every time, which is all that a bench needs.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % limit.max(1) as u64) as usize
    }

    /// Small numbers far more often than great ones.
    fn seldom(&mut self, limit: usize) -> usize {
        let share = self.below(1 << 20) as f64 / f64::from(1 << 20);
        ((limit as f64).powf(share) - 1.0) as usize
    }
}

fn generate(bytes: usize, cancel: &Cancel) -> Result<Vec<String>> {
    /// Bytes of a batch, which is made from a number of its own.
    const BATCH: usize = 1 << 20;
    let characters: Vec<char> = CHARACTERS.chars().collect();
    let words: Vec<&str> = WORDS.split(' ').collect();
    let batches = (0..bytes.div_ceil(BATCH)).into_par_iter().map(|batch| {
        cancel.check()?;
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (batch as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
        let (mut rows, mut size) = (Vec::new(), 0);
        while size < BATCH.min(bytes) {
            let row = row(&mut dice, &characters, &words);
            size += row.len();
            rows.push(row);
        }
        Ok(rows)
    });
    Ok(batches.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn row(dice: &mut Dice, characters: &[char], words: &[&str]) -> String {
    let mut text = format!("{} ", dice.below(1_000_000));
    for _ in 0..4 + dice.below(20) {
        match dice.below(16) {
            0 => text.push_str(CODE[dice.below(CODE.len())]),
            1..=8 => {
                (0..4 + dice.below(24)).for_each(|_| text.push(characters[dice.seldom(characters.len())]));
                text.push_str(["，", "。", "？", "！\n", "：“", "”"][dice.below(6)]);
            }
            _ => {
                for _ in 0..3 + dice.below(16) {
                    text.push_str(words[dice.seldom(words.len())]);
                    if dice.below(12) == 0 {
                        // Words that nobody listed: two parts of others.
                        text.push_str(words[dice.below(words.len())]);
                    }
                    text.push_str([" ", " ", " ", " ", " ", ", ", ". ", "-"][dice.below(8)]);
                }
            }
        }
    }
    text
}
