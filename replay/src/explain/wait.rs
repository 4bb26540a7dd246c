//! Why an account waits, and until when; why it is closed whole from here on.

use domain::Effect;
use domain::effect::{RaiseReason, WaitReason};

use super::figures::ratio;
use super::step::Told;
use super::{Line, Section, concession};

/// Why an account waits, or is closed whole from here on.
pub fn wait_lines(step: &Told<'_>, section: &mut Section, effect: &Effect) {
    match *effect {
        Effect::StepPostponed { until, reason, .. } => {
            let words = match reason {
                WaitReason::Keepers => "keepers have not come, or have their hands full",
                WaitReason::Auction => "takers wait for a larger discount",
                WaitReason::Clip => "a clip was closed, the next one follows",
                WaitReason::Share => "the share that may be removed by now was removed",
                WaitReason::Cooldown => "the first part of a large position was closed",
                WaitReason::Cap => "what one event may close of one account was closed",
            };
            if reason == WaitReason::Auction {
                let lines = concession::lines(step.figures, step.look, step.now);
                lines.into_iter().for_each(|line| section.push(line));
                let keepers = step.figures.0.sections.selling.keepers;
                let wanted = format!("at least {}", ratio(keepers.discount));
                section.push(Line::fact("takers come for", wanted));
            }
            section.push(Line::fact("because", words));
            section.push(Line::fact("waits until", feed::time::text(until)));
        }
        Effect::StageRaised { reason, .. } => {
            let words = match reason {
                RaiseReason::Toxic => "a partial step costs more than the requirement it frees",
                RaiseReason::NoBidder => "nobody came: the auction or the patience is over",
                RaiseReason::CloseOutLine => "adjusted equity is below the close-out line",
            };
            section.push(Line::fact("because", words));
        }
        _ => {}
    }
}
