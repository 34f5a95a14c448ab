//! Near misses: what looks like somebody's number, name or address and is nobody's. Deliberately absent: anything true.

use rand::Rng as _;
use rand::rngs::StdRng;

use crate::kinds::resident;
use crate::texts::{digits, pick};

/// A digit that is not the given one.
fn other(rng: &mut StdRng, digit: char) -> char {
    let digits: Vec<char> = ('0'..='9').filter(|c| *c != digit).collect();
    digits[rng.random_range(0..digits.len())]
}

/// Eleven digits like a mobile number, called something else.
fn eleven(rng: &mut StdRng) -> String {
    let number = format!("{}{}", pick(rng, &["138", "159", "186", "177", "135"]), digits(rng, 8));
    let called = [
        "订单号",
        "订单编号：",
        "货号 ",
        "型号",
        "物料编码：",
        "商品编码 ",
        "SKU ",
        "流水号",
        "order #",
        "Order No. ",
        "item code ",
        "part number ",
        "工单",
        "快递单号 ",
        "product code: ",
        "设备序列号：",
        "会员卡积分编号 ",
        "发票号码：",
        "合同编号",
        "案件编号：",
    ];
    format!("{}{number}", pick(rng, &called))
}

/// Eighteen digits like a resident ID whose check digit is wrong, or none at all.
fn eighteen(rng: &mut StdRng) -> String {
    let called = pick(rng, &["商品条码", "货号", "批号 ", "product code ", "", "物流码", "追溯码："]);
    if rng.random_range(0..2) == 0 {
        return format!("{called}{}{}", rng.random_range(1..10), digits(rng, 17))
            .replace("62", "71")
            .replace("81", "90");
    }
    let mut id = resident(rng);
    let last = id.pop().expect("18 characters");
    format!("{called}{id}{}", other(rng, last))
}

fn time(rng: &mut StdRng) -> String {
    let (month, day, hour, minute) =
        (rng.random_range(1..13), rng.random_range(1..29), rng.random_range(0..24), rng.random_range(10..60));
    match rng.random_range(0..7) {
        0 => format!("17{}", digits(rng, 11)),
        1 => format!("17{}", digits(rng, 8)),
        2 => format!("2025-{month:02}-{day:02}T{hour:02}:{minute}:07.{}Z", digits(rng, 6)),
        3 => format!("2024年{month}月{day}日{hour}时{minute}分"),
        4 => format!("2025{month:02}{day:02}{hour:02}{minute}59"),
        5 => format!("{hour:02}:{minute}:{minute}:{}", digits(rng, 2)),
        _ => format!("timestamp {}", 1_700_000_000_000_u64 + rng.random_range(0..99_999_999_999)),
    }
}

fn amount(rng: &mut StdRng) -> String {
    match rng.random_range(0..6) {
        0 => format!("￥{},{}.00", rng.random_range(1..999), digits(rng, 3)),
        1 => format!("共计 {}元", rng.random_range(100_000_000_u64..99_999_999_999)),
        2 => format!("USD {}.{}", rng.random_range(1..9_999_999), digits(rng, 2)),
        3 => format!("面积{}平方米", rng.random_range(20..900)),
        4 => format!("{}-{}元/晚", rng.random_range(300..900), rng.random_range(900..3_000)),
        _ => format!("GDP {}亿元", digits(rng, 8)),
    }
}

fn version(rng: &mut StdRng) -> String {
    let mut n = || rng.random_range(1..40);
    let four = format!("{}.{}.{}.{}", n(), n(), n(), n());
    let form = rng.random_range(0..8);
    match form {
        0 => format!("v{four}"),
        1 => format!("版本号：{four}"),
        2 => format!("nginx/{four}"),
        3 => format!("参见第{four}条"),
        4 => format!("section {four}"),
        5 => format!("Chrome/{}.0.{}.{}", rng.random_range(90..140), digits(rng, 4), digits(rng, 3)),
        6 => format!("固件升级到 {four}"),
        _ => format!("requires glibc {}.{}", rng.random_range(2..3), rng.random_range(10..40)),
    }
}

fn code(rng: &mut StdRng) -> String {
    match rng.random_range(0..14) {
        0 => format!(
            "{:08x}-{:04x}-4{:03x}-b{:03x}-{:012x}",
            rng.random::<u32>(),
            rng.random::<u16>(),
            rng.random_range(0..4096),
            rng.random_range(0..4096),
            rng.random_range(0..1_u64 << 48)
        ),
        1 => format!("sha256:{:032x}{:032x}", rng.random::<u128>(), rng.random::<u128>()),
        2 => format!("ISBN 978-7-{}-{}-{}", digits(rng, 3), digits(rng, 5), digits(rng, 1)),
        3 => format!("条码 69{}", digits(rng, 11)),
        4 => format!("SF{}", digits(rng, 13)),
        5 => format!("运单号 78{}", digits(rng, 12)),
        6 => format!("房间 {}-{}", rng.random_range(8_000..8_100), rng.random_range(8_100..8_200)),
        7 => format!(
            "坐标 {}.{}, {}.{}",
            rng.random_range(20..40),
            digits(rng, 6),
            rng.random_range(100..120),
            digits(rng, 6)
        ),
        8 => format!("ticket {}-{}-{}", digits(rng, 3), digits(rng, 2), digits(rng, 4)),
        9 => format!("航班 CA{}，座位 {}A", digits(rng, 4), rng.random_range(1..60)),
        10 => format!("列车 G{}次", digits(rng, 3)),
        11 => format!("git@github.com:hotel/pms-{}.git", digits(rng, 2)),
        12 => format!("icon@{}x.png", rng.random_range(2..4)),
        _ => format!("commit {:07x}", rng.random_range(0..1_u32 << 28)),
    }
}

/// Words that begin or end as names and addresses do.
fn words(rng: &mut StdRng) -> &'static str {
    pick(
        rng,
        &[
            "请联系大堂经理",
            "高级经理会在场",
            "客房部经理已知悉",
            "感谢各位老师",
            "张江高科技园区很大",
            "王府井步行街",
            "项目经理负责",
            "我们的金牌讲师",
            "白天鹅宾馆",
            "黄金周客满",
            "马上为您安排",
            "周末两晚",
            "夏天来的人多",
            "英语老师推荐",
            "任何同学都可以",
            "地铁5号线",
            "2号楼正在装修",
            "第3号决议",
            "三号厅",
            "12号线换乘",
            "这条路128号公交能到",
            "全体医生护士辛苦了",
            "方便的话请回电",
            "The Manager will call you",
            "Please ask the front desk",
            "Dear Guest, welcome",
            "Room Service is open",
            "5 Star Hotel",
            "3 New Messages",
            "请转告值班主任",
            "时间是下午",
            "联系人不详",
            "姓名必填",
            "收件人地址有误",
            "客户要求退款",
        ],
    )
}

/// One of them.
pub fn one(rng: &mut StdRng) -> String {
    match rng.random_range(0..8) {
        0 => eleven(rng),
        1 => eighteen(rng),
        2 => time(rng),
        3 => amount(rng),
        4 => version(rng),
        5 => code(rng),
        _ => words(rng).to_owned(),
    }
}
