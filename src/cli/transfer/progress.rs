//! Bars and counters on standard error, for people only: nothing is drawn where that is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Something of which the end is known.
pub(super) fn bar(what: &'static str, length: usize) -> ProgressBar {
    styled(
        ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr()),
        what,
        "{msg:>10} {wide_bar} {pos}/{len}  {per_sec}  {eta} left",
    )
}

/// Something of which it is not.
pub(super) fn counter(what: &'static str) -> ProgressBar {
    styled(
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        what,
        "{msg:>10} {pos}  {per_sec}",
    )
}

fn styled(bar: ProgressBar, what: &'static str, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    let bar = match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    bar.with_message(what)
}
