//! Whatever is asked ends soon: patterns and languages made to cost much.

use super::super::{Arena, Found};
use super::{now, shortest};
use std::time::Duration;

/// What the largest question may cost, as the checkers have it.
const STEPS: u64 = 300_000;

/// Longer than the two seconds of the promise, since tests run unoptimised and beside others.
const PATIENCE: Duration = Duration::from_secs(20);

fn ends(what: &str, run: impl FnOnce() + Send + 'static) {
    let begin = now();
    // The least stack that callers have.
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    thread.expect("a thread").join().expect(what);
    let took = begin.elapsed();
    println!("{took:>12.3?}  {what}");
    assert!(took < PATIENCE, "{what}: {took:?}");
}

/// Whether one pattern's texts are among another's; any answer but a wrong one will do.
fn compared(a: &str, b: &str) -> Option<bool> {
    let mut arena = Arena::default();
    let (Ok(a), Ok(b)) = (arena.pattern(a), arena.pattern(b)) else {
        return None;
    };
    arena.is_subset(a, b, &mut { STEPS })
}

#[test]
fn bombs_end() {
    ends("counts of counts", || {
        let bomb = "^((a{0,1000}b?){0,1000}c?){0,1000}$";
        assert_ne!(compared(bomb, "^[abc]{0,2000000000}$"), Some(false));
    });
    ends("the n-th from the end", || {
        let bomb = "^[ab]*a[ab]{5000}$";
        assert_ne!(compared(bomb, "^[ab]*a[ab]{4999}[ab]$"), Some(false));
        assert_ne!(compared("^[ab]*a[ab]{20}$", "^[ab]*b[ab]{21}$"), Some(true));
    });
    ends("assertions in repetitions in repetitions", || {
        let mut bomb = r"\bx".to_owned();
        for _ in 0..40 {
            bomb = format!("(?:{bomb}){{0,16}}");
        }
        assert_ne!(compared(&format!("^{bomb}$"), "^x*$"), Some(false));
    });
    ends("many patterns that are much to build", || {
        let mut arena = Arena::default();
        for i in 0..2_000 {
            let bomb = format!("(?:(?:(?:(?:{i}\\b,?){{0,16}}){{0,16}}){{0,16}}){{0,16}}");
            let _ = arena.pattern(&bomb);
        }
        let x = arena.literal("x");
        assert_ne!(arena.contains(x, "x", &mut { STEPS }), Some(false));
    });
    ends("many branches", || {
        let branches: Vec<String> = (0..9_000).map(|i| format!("{i}")).collect();
        let bomb = format!("^(?:{})*$", branches.join("|"));
        assert_ne!(compared(&bomb, r"^\d*$"), Some(false));
    });
    ends("many parts that may be missing", || {
        let bomb = format!("^{}$", "(?:ab?)?".repeat(7_000));
        assert_ne!(compared(&bomb, "^[ab]*$"), Some(false));
    });
    ends("many look-aheads", || {
        let bomb: String = (0..4_000).map(|i| format!("(?!.*x{i}y).?")).collect();
        assert_ne!(compared(&bomb, "^"), Some(false));
        let bomb: String = (0..4_000).map(|i| format!("(?=.*x{i}y)")).collect();
        assert_ne!(compared(&bomb, "x0y"), Some(false));
    });
    ends("look-aheads in look-aheads", || {
        let bomb = "(?!a".repeat(199) + &")".repeat(199);
        assert_ne!(compared(&bomb, ""), Some(false));
    });
    ends("groups in groups", || {
        for depth in [199, 30_000] {
            let bomb = "(".repeat(depth) + "a" + &")*".repeat(depth);
            assert_ne!(compared(&bomb, ""), Some(false));
        }
    });
    ends("large classes", || {
        let bomb: String = (0..150)
            .map(|i| format!(r"(?=.*[^\p{{L}}\u{{{:x}}}])", 0x4e00 + i))
            .collect();
        assert_ne!(compared(&bomb, r"\P{L}"), Some(false));
    });
    ends("a choice of repetitions of different lengths", || {
        let bomb: Vec<String> = (2..60).map(|n| format!("(?:a{{{n}}})*")).collect();
        assert_ne!(
            compared("^a*$", &format!("^(?:{})$", bomb.join("|"))),
            Some(true)
        );
        assert_ne!(
            compared(&format!("^(?:{})b$", bomb.join("|")), "^a*b$"),
            Some(false)
        );
    });
}

#[test]
fn an_arena_that_is_full_decides_nothing() {
    let mut arena = Arena::default();
    let lang = arena.pattern("^a$").expect("understood");
    let text: String = (0..500_000u32)
        .filter_map(|i| char::from_u32(0x4e00 + i % 20_000))
        .collect();
    let long = arena.literal(&text);
    assert!(arena.is_full());
    assert_eq!(arena.shortest(long, &mut { STEPS }), Found::OutOfBudget);
    assert_eq!(arena.shortest(lang, &mut { STEPS }), Found::OutOfBudget);
    assert_eq!(arena.contains(lang, "a", &mut { STEPS }), None);
    assert_eq!(arena.is_subset(lang, long, &mut { STEPS }), None);
    arena.pattern("^b$").expect_err("full");
}

#[test]
fn long_texts_take_steps_by_their_length() {
    for (pattern, length) in [("^[A-Z]+$", 65_535), ("^[A-Z]+-[A-Z]+$", 10_000)] {
        let mut arena = Arena::default();
        let lang = arena.pattern(pattern).expect("understood");
        let long = arena.length(length, None);
        let both = arena.and(&[lang, long]);
        let mut steps = STEPS;
        let begin = now();
        match arena.shortest(both, &mut steps) {
            Found::Text(text) => assert_eq!(text.len(), length as usize),
            other => panic!("{pattern}: {other:?}"),
        }
        println!(
            "{pattern} of {length}: {} steps, {:?}",
            STEPS - steps,
            begin.elapsed()
        );
    }
    let mut arena = Arena::default();
    let lang = arena.pattern("^[A-Z]+$").expect("understood");
    let begin = now();
    let some = arena.length(1, Some(255));
    let both = arena.and(&[lang, some]);
    assert_eq!(shortest(&mut arena, both).as_deref(), Some("A"));
    println!("^[A-Z]+$ of 1 to 255: {:?}", begin.elapsed());
}
