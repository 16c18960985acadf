//! Plans that were made in plan mode, and how they are carried out.

use anyhow::Error;

use super::Conversation;
use super::turn::TurnJob;
use super::update::{PlanOffer, PlanWay};
use crate::engine::Question;
use crate::engine::jobs::Job;
use crate::engine::jobs::task::{TaskOrder, ends_with_plan};
use crate::permission::Mode;
use crate::session::Session;

impl PlanOffer {
    /// An offer to carry out the last answer of a session.
    pub(super) fn of(session: &Session, mode: Mode) -> PlanOffer {
        PlanOffer {
            session: session.id.clone(),
            turn: session.turn,
            mode,
            has_steps: ends_with_plan(session),
        }
    }
}

impl Conversation {
    /// Carries out a plan; `false` if something happened in the session since.
    pub async fn carry_out(&mut self, plan: &PlanOffer, way: PlanWay) -> Result<bool, Error> {
        let is_current = self.running.is_none() && self.session.as_ref() == Some(&plan.session);
        if is_current {
            self.open().await?;
        }
        let open = self.open.as_ref().filter(|open| {
            is_current && open.session.id == plan.session && open.session.turn == plan.turn
        });
        let Some(open) = open else {
            return Ok(false);
        };
        let job = match way {
            PlanWay::AtOnce => TurnJob::Ask(Box::new(Question::carry_out(&open.session))),
            PlanWay::InSteps => TurnJob::Job(Box::new(Job::Task(TaskOrder::of_answer())), false),
        };
        self.set_mode(self.work_mode, false);
        self.start(job);
        Ok(true)
    }
}
