//! tmp
#[allow(clippy::print_stderr)]
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let get = |f: &str| a.iter().position(|x| x == f).map(|i| a[i + 1].clone());
    let req = ctxpack::request::Request {
        roots: vec![a[1].clone().into()],
        revision: get("--rev"),
        budget: ctxpack::request::Budget::Tokens(get("--budget").unwrap().parse().unwrap()),
        tokenizer: Default::default(),
        safety_factor: 1.0,
        task: get("--task-file").map(|f| ctxpack::request::Task {
            source: ctxpack::request::TaskSource::File,
            text: std::fs::read_to_string(f).unwrap(),
        }),
        format: Default::default(),
        include: vec![],
        exclude: vec![],
        pin: vec![],
        kinds: Default::default(),
        home: None,
        claude_config_dir: None,
        now: None,
    };
    let p = ctxpack::pack(&req, &|_, _| {}).unwrap();
    if let Some(m) = get("--manifest") {
        std::fs::write(m, ctxpack::manifest(&p.bundle)).unwrap();
    }
    use std::io::Write;
    std::io::stdout()
        .write_all(p.bundle.text.as_bytes())
        .unwrap();
    if get("--t").is_some() {
        eprintln!(
            "{} tokens of {}; {:?}; {:?}",
            p.bundle.tokens, p.bundle.account.budget, p.timings, p.bundle.account.proof
        );
    }
}
