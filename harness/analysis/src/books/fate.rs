//! The fate engine: what the evidence of one span on one path proves (`docs/results.md`, "What each mark proves").

use spanfate_model::books::ledger::Gap;
use spanfate_model::books::row::Standing;
use spanfate_model::fate::{Decider, ExitWay, Fate, Filter, Leak};
use spanfate_model::result::{PathKind, ShutdownCourse};

use crate::evidence::hops::HopWay;
use crate::evidence::path::{Ending, ExportResult, HandsOn, Path};
use crate::evidence::process::Process;
use crate::evidence::receipts::{Receipt, Receipts};
use crate::evidence::{Handing, OnPath, SpanEvidence};

use Standing::{Unaccounted, Unexplained};

/// What else a judgement rests on.
pub(crate) struct JudgementBasis<'a> {
    /// The span's process.
    pub(crate) process: &'a Process<'a>,
    /// The path, or what stands for it where the span was offered to none.
    pub(crate) path: &'a Path,
    /// What the wire witness saw.
    pub(crate) wire: WireSight,
    /// How far it came through the collectors in the path.
    pub(crate) way: HopWay,
    /// Nothing at all arrived on this path: a program of the user's own sends its spans elsewhere.
    pub(crate) elsewhere: bool,
    /// Something arrived that the same export call sent.
    pub(crate) call_came: bool,
    /// The span's request was answered, so the handler that made it is done.
    pub(crate) answered: bool,
    /// By number of a fault: why spans that it touched never end.
    pub(crate) leaks: &'a [Option<Leak>],
}

/// What the wire witness saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WireSight {
    /// Everything.
    Whole,
    /// Everything, and requests of which the receiver could read no span.
    WithUnread,
    /// It has a gap.
    Gap,
}

/// Judges one span on one path. Later stages are asked first: a mark of a later stage proves all earlier ones.
pub(crate) fn judge(
    span: &SpanEvidence,
    on: &OnPath,
    receipt: &Receipt,
    scene: &JudgementBasis<'_>,
) -> Standing {
    let process = scene.process;
    if receipt.copies > 0 {
        return Standing::Fate(Fate::Received);
    }
    if on.filtered != 0 {
        return Standing::Fate(Fate::Filtered(Filter::ExporterWrapper));
    }
    if on.exported != 0 {
        return handed_to_exporter(on, receipt, scene);
    }
    if on.dropped != 0 {
        return Standing::Fate(Fate::DroppedQueueFull);
    }
    if process.has_record_gap() {
        // What the marks lack may lie in a record that was lost.
        return Unaccounted;
    }
    if span.started != 0 && !span.is_sampled() {
        return Standing::Fate(Fate::NotSampled(decider(span, process.parent_based)));
    }
    if on.taken != 0 {
        return in_queue(on, scene);
    }
    if on.offered != 0 {
        return inside_on_end(on, scene);
    }
    if on.called != 0 {
        return not_handed_on(span, on, scene);
    }
    if on.held != 0 {
        return held_in_front(span, scene);
    }
    never_offered(span, on, scene)
}

/// What nobody saw of a span that is unaccounted on a path.
pub(crate) fn gap(
    (span, on): (&SpanEvidence, &OnPath),
    (index, process): (usize, &Process<'_>),
    path: &Path,
    receipts: &Receipts<'_>,
) -> Gap {
    // Where nothing at all came, that says more.
    let is_own_word = path.is_own_word(on) && receipts.requests > 0;
    let is_elsewhere = receipts.requests == 0
        || path.endpoint.is_some()
        || receipts.is_elsewhere(index, path.number as usize);
    match span.handing {
        _ if on.exported != 0 && !receipts.is_complete() => Gap::Wire,
        _ if on.exported != 0 && process.has_log_gap() => Gap::Records,
        _ if on.exported != 0 && on.kept => Gap::KeptByExporter,
        _ if on.exported != 0 && receipts.unread_otherwise => Gap::Unread,
        _ if on.exported != 0 && is_own_word => Gap::KeptByExporter,
        _ if on.exported != 0 && is_elsewhere => Gap::Elsewhere,
        _ if on.exported != 0 => Gap::NotArrived,
        _ if process.has_log_gap() => Gap::Records,
        Handing::ToOthers | Handing::ToPaths => Gap::NotHandedOn,
        Handing::Unseen | Handing::ToNobody => Gap::NotSeen,
    }
}

fn handed_to_exporter(on: &OnPath, receipt: &Receipt, scene: &JudgementBasis<'_>) -> Standing {
    if scene.wire == WireSight::Gap {
        // It may have arrived; only the wire could tell.
        return Unaccounted;
    }
    match scene.way {
        HopWay::NoHop => {}
        HopWay::Gap => return Unaccounted,
        HopWay::RejectedNext | HopWay::NotTaken { rejected: true, .. } => {
            return Standing::Fate(Fate::RejectedPartial);
        }
        HopWay::NotTaken { refused: true, .. } => return Standing::Fate(Fate::RefusedByCollector),
        HopWay::NotTaken { .. } => {}
        HopWay::Left { fate, .. } => return Standing::Fate(fate),
        HopWay::LostIn { loss, .. } => return Standing::Fate(Fate::LostInCollector(loss)),
        HopWay::RefusedByEngine => return Standing::Fate(Fate::RefusedByEngine),
        HopWay::LostInEngine(loss) => return Standing::Fate(Fate::LostInEngine(loss)),
    }
    if receipt.rejected {
        return Standing::Fate(Fate::RejectedPartial);
    }
    if receipt.refused {
        return Standing::Fate(Fate::RefusedByReceiver);
    }
    match scene.path.export_of(on) {
        ExportResult::Failed(cause) => Standing::Fate(Fate::ExportFailed(cause)),
        ExportResult::Kept => Unaccounted,
        ExportResult::None if scene.process.has_log_gap() => Unaccounted,
        ExportResult::None => Standing::Fate(Fate::LostInFlightAtExit),
        ExportResult::Ok | ExportResult::Partial
            if scene.path.is_never_here() || scene.elsewhere && scene.path.endpoint.is_some() =>
        {
            Standing::Fate(Fate::SentElsewhere)
        }
        // It may have been in a request that nobody here could read, or have come through another one's hands; or nobody but an
        // exporter of the program's own says that it was sent.
        ExportResult::Ok | ExportResult::Partial
            if scene.elsewhere
                || scene.wire == WireSight::WithUnread
                || scene.path.endpoint.is_some()
                || scene.path.is_own_word(on) =>
        {
            Unaccounted
        }
        // No request of the call came: in a program of the user's own something between the exporter and us may have answered it.
        ExportResult::Ok | ExportResult::Partial if scene.process.is_of_probes() && !scene.call_came => {
            Unaccounted
        }
        // A partial success names what it rejects: of the rest it says that it was taken.
        ExportResult::Ok | ExportResult::Partial => Unexplained,
    }
}

fn decider(span: &SpanEvidence, parent_based: bool) -> Decider {
    let unsampled_parent = !span.parent.is_zero() && !span.has_sampled_parent();
    if unsampled_parent && parent_based { Decider::Parent } else { Decider::Sampler }
}

/// The batch processor's `OnEnd` returned without a drop, and the span was never handed on. In drop mode our lock makes this
/// mean "taken into the queue", and a shutdown that returned without an error has emptied the queue.
fn in_queue(on: &OnPath, scene: &JudgementBasis<'_>) -> Standing {
    let JudgementBasis { process, path, .. } = scene;
    // Without the lock, a span that passed while the shutdown began may have been ignored.
    let late = path.blocking && path.shutdown_began != 0 && on.taken >= path.shutdown_began;
    // What probes saw enter the queue once its worker was gone stays there.
    let late = late || (path.drained != 0 && on.taken >= path.drained);
    match path.ending {
        _ if late => Standing::Fate(Fate::EndedAfterShutdown),
        Ending::Orderly { deadline_passed: true } => {
            Standing::Fate(Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline))
        }
        Ending::Orderly { deadline_passed: false } if process.has_log_gap() => Unaccounted,
        Ending::Orderly { deadline_passed: false } => Unexplained,
        Ending::Abrupt(exit) => Standing::Fate(Fate::LostInQueueAtExit(exit)),
    }
}

/// `OnEnd` was entered, and what came of it nobody saw.
fn inside_on_end(on: &OnPath, scene: &JudgementBasis<'_>) -> Standing {
    let JudgementBasis { process, path, .. } = scene;
    if path.no_exporter {
        return Standing::Fate(Fate::NoExporter);
    }
    // The processor looks whether it was stopped somewhere between the two.
    let looked_by = on.offered.max(on.returned);
    if path.shutdown_began != 0 && looked_by >= path.shutdown_began && process.is_of_probes() {
        return Standing::Fate(Fate::EndedAfterShutdown);
    }
    match path.ending {
        // It came out of it, neither taken nor dropped nor exported.
        _ if on.returned != 0 && process.has_log_gap() => Unaccounted,
        _ if on.returned != 0 => Unexplained,
        Ending::Orderly { .. } if path.blocking && path.kind == PathKind::Batch => {
            Standing::Fate(Fate::BlockedInEnd)
        }
        Ending::Orderly { .. } | Ending::Abrupt(_) => Standing::Fate(Fate::InEndAtExit),
    }
}

/// The provider called the processor that the path begins with, and the path's own never heard of the span.
fn not_handed_on(span: &SpanEvidence, on: &OnPath, scene: &JudgementBasis<'_>) -> Standing {
    let JudgementBasis { process, path, .. } = scene;
    let abrupt = matches!(path.ending, Ending::Abrupt(_));
    match path.hands_on {
        _ if is_after_shutdown(span, path) => Standing::Fate(Fate::EndedAfterShutdown),
        // The shutdown began while `End` was looking for whom to call.
        HandsOn::Directly if path.shutdown_began != 0 && on.returned >= path.shutdown_began => {
            Standing::Fate(Fate::EndedAfterShutdown)
        }
        // It may wait in a queue of that processor's own.
        HandsOn::Later => Unaccounted,
        HandsOn::Directly if on.returned == 0 => Standing::Fate(Fate::InEndAtExit),
        // That it came out of the processor in front, which had then removed it, nobody saw.
        HandsOn::InEnd if on.returned == 0 && abrupt => Unaccounted,
        HandsOn::InEnd => Standing::Fate(Fate::Filtered(Filter::Processor)),
        HandsOn::Directly if process.has_log_gap() => Unaccounted,
        HandsOn::Directly => Unexplained,
    }
}

/// A processor in front took the span, and neither handed it on nor said that it let it go: it held it until the end.
fn held_in_front(span: &SpanEvidence, scene: &JudgementBasis<'_>) -> Standing {
    let JudgementBasis { process, path, .. } = scene;
    match path.ending {
        _ if is_after_shutdown(span, path) => Standing::Fate(Fate::EndedAfterShutdown),
        Ending::Abrupt(exit) => Standing::Fate(Fate::LostInQueueAtExit(exit)),
        Ending::Orderly { deadline_passed: true } => {
            Standing::Fate(Fate::LostInQueueAtExit(ExitWay::ShutdownDeadline))
        }
        Ending::Orderly { deadline_passed: false } if process.has_log_gap() => Unaccounted,
        Ending::Orderly { deadline_passed: false } => Unexplained,
    }
}

/// After Shutdown the provider calls no processor; its span's end is still seen.
fn is_after_shutdown(span: &SpanEvidence, path: &Path) -> bool {
    path.shutdown_began != 0 && span.closed >= path.shutdown_began
}

/// The shutdown of the span's provider is known, and was not called before the span ended.
fn is_before_closing(span: &SpanEvidence, process: &Process<'_>) -> bool {
    let shutdown = process.shutdowns.get(usize::from(span.provider));
    process.is_of_probes()
        && shutdown.is_some_and(|shutdown| match shutdown.course {
            ShutdownCourse::Unseen => false,
            ShutdownCourse::NotCalled => true,
            _ => span.closed < shutdown.called,
        })
}

fn never_offered(span: &SpanEvidence, on: &OnPath, scene: &JudgementBasis<'_>) -> Standing {
    let JudgementBasis { process, path, .. } = scene;
    if span.closed != 0 {
        let abrupt = matches!(path.ending, Ending::Abrupt(_));
        return match span.handing {
            // Its processor was taken away, which shuts that down, and not the provider.
            Handing::ToNobody if is_before_closing(span, process) => Standing::Fate(Fate::NoProcessor),
            _ if is_after_shutdown(span, path) => Standing::Fate(Fate::EndedAfterShutdown),
            Handing::ToNobody => Standing::Fate(Fate::NoProcessor),
            // Absence is no proof of intent, nor of an end within: somebody may have it.
            Handing::ToOthers => Unaccounted,
            _ if process.is_of_probes() && abrupt && on.returned == 0 => Standing::Fate(Fate::InEndAtExit),
            Handing::Unseen if process.is_of_probes() || process.has_log_gap() => Unaccounted,
            Handing::Unseen | Handing::ToPaths => Unexplained,
        };
    }
    let touched = usize::from(span.fault).checked_sub(1).and_then(|fault| *scene.leaks.get(fault)?);
    match path.ending {
        // Nobody was left who would have ended it, however long the process had lived.
        _ if touched.is_some() => Standing::Fate(Fate::NeverEnded(touched.unwrap_or(Leak::Forgotten))),
        Ending::Abrupt(_) => Standing::Fate(Fate::CutOffAtExit),
        // Its handler was still running when the process left in order.
        Ending::Orderly { .. } if !scene.answered => Standing::Fate(Fate::CutOffAtExit),
        Ending::Orderly { .. } if span.started != 0 => Standing::Fate(Fate::NeverEnded(Leak::Forgotten)),
        Ending::Orderly { .. } => Unexplained,
    }
}
