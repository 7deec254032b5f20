//! The server of the Model Context Protocol: the protocol on one side, [`work`] on the other.
//!
//! One thread speaks the protocol; work is done on others, one call at a time. Everything that a client says is untrusted: it
//! may be what a deceived model made up.

mod arguments;
mod tools;
pub mod work;

use crate::cli::failure::{Failure, Outcome};
use crate::cli::interrupt;
use crate::cli::style::count;
use ctxpack::Stage;
use ctxpack::guard::secrets::redact;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest,
    CustomResult, ErrorCode, ErrorData, Implementation, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, Resource, ResourceContents, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::{RequestContext, ServerInitializeError};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{RoleServer, ServerHandler, ServiceExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use work::{Reply, Work};

/// The longest line that a client may send, in bytes; a longer one is passed over.
const MAX_LINE: usize = 4 << 20;

/// How long a call may take. Its work goes on behind it to its end, which is bounded; the answer is not waited for.
const DEADLINE: Duration = Duration::from_secs(120);

/// How long a stage lasts before it is told. Clients on the protocol's SDK for TypeScript take progress that comes in one piece with the
/// answer for an error of the server, and some give it up after a few.
const LASTS: Duration = Duration::from_millis(100);

/// Threads beside the one that speaks: two for the streams, and some for calls that wait for their turn.
const MAX_THREADS: usize = 8;

/// What a model is told of the server.
const INSTRUCTIONS: &str = "Call `pack` once with the task in the user's words before searching a repository file by file: it gives the \
files, notes and earlier sessions that the task probably needs, the best last. `read_more` gives what comes next.";

/// Serves `work` on stdin and stdout until stdin ends.
///
/// # Errors
/// Streams that cannot be used, and a client that does not speak the protocol.
pub fn serve(work: Work) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(MAX_THREADS)
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let done = runtime.block_on(async {
        let transport = AsyncRwTransport::new(tokio::io::stdin(), tokio::io::stdout())
            .with_max_line_length(MAX_LINE);
        let server = Server {
            work: Arc::new(work),
        };
        match server.serve(transport).await {
            Ok(service) => service
                .waiting()
                .await
                .map(drop)
                .map_err(|error| error.to_string()),
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()), // whoever says nothing wants nothing
            Err(error) => Err(error.to_string()),
        }
    });
    // a call whose client has gone is not waited for
    runtime.shutdown_background();
    done.map_err(|error| Failure::new(format!("the client does not speak the protocol: {error}")))
}

#[derive(Clone)]
struct Server {
    work: Arc<Work>,
}

impl Server {
    /// Does `what` on a thread of its own, and tells the client how far it is, if it asked for that.
    async fn done<T: Send + 'static>(
        &self,
        context: &RequestContext<RoleServer>,
        what: impl FnOnce(&Work, &(dyn Fn(Stage) + Sync)) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let work = Arc::clone(&self.work);
        let (sender, mut stages) = mpsc::unbounded_channel();
        let task = tokio::task::spawn_blocking(move || {
            interrupt::caught(|| {
                what(&work, &|stage| {
                    let _ = sender.send(stage);
                })
            })
        });
        let token = context.meta.get_progress_token();
        let telling = async {
            let mut told = 0;
            while let Some(stage) = lasting(&mut stages, &mut told).await {
                if let Some(token) = token.clone() {
                    let progress = ProgressNotificationParam::new(token, f64::from(told))
                        .with_total(5.0)
                        .with_message(stage.as_str());
                    let _ = context.peer.notify_progress(progress).await;
                }
            }
            task.await
        };
        tokio::select! {
            result = telling => result.unwrap_or_else(|_| Err(Failure::new("the call was broken off"))),
            () = context.ct.cancelled() => Err(Failure::new("the call was cancelled")),
            () = tokio::time::sleep(DEADLINE) => Err(Failure::new(format!("no answer within {} s", DEADLINE.as_secs()))
                .hint("narrow it with `include`, such as [\"src/**\"]")),
        }
    }
}

/// The next stage that lasts and is none of the first `told`, which counts it then; `None` when the work is done.
async fn lasting(stages: &mut mpsc::UnboundedReceiver<Stage>, told: &mut u8) -> Option<Stage> {
    let mut stage = stages.recv().await?;
    loop {
        // another may follow at once, and the answer may as well
        match tokio::time::timeout(LASTS, stages.recv()).await {
            Ok(next) => {
                let next = next?;
                if next as u8 > stage as u8 {
                    stage = next;
                }
            }
            Err(_) if (stage as u8) < *told => stage = stages.recv().await?,
            Err(_) => {
                *told = stage as u8 + 1;
                return Some(stage);
            }
        }
    }
}

/// A failure in one text, without secrets.
fn told(failure: &Failure) -> String {
    let mut text = failure.message.clone();
    for hint in &failure.hints {
        text.push_str(&format!("\nhint: {hint}"));
    }
    redact(&text).into_owned()
}

fn result(outcome: Outcome<Reply>) -> CallToolResult {
    match outcome {
        Ok(reply) => {
            let mut result =
                CallToolResult::success(reply.texts.into_iter().map(ContentBlock::text).collect());
            result.structured_content = reply.structured;
            result
        }
        Err(failure) => CallToolResult::error(vec![ContentBlock::text(told(&failure))]),
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("ctxpack", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all(
            self.work.allows_writing(),
        )))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.into_owned();
        let mut tools = tools::all(self.work.allows_writing()).into_iter();
        let Some(tool) = tools.find(|tool| tool.name == name) else {
            return Err(ErrorData::invalid_params("no tool of that name", None));
        };
        let arguments = request.arguments.unwrap_or_default();
        if let Err(failure) = arguments::of_kind(&tool.input_schema, &arguments) {
            return Ok(result(Err(failure)).into());
        }
        let client = context
            .peer
            .peer_info()
            .map(|info| info.client_info.name.clone());
        let outcome = self
            .done(&context, move |work, progress| {
                work.call(&name, arguments, client.as_deref(), progress)
            })
            .await;
        Ok(result(outcome).into())
    }

    /// What the SDK could not read as one of its requests: a method that is not served, or one whose parameters are of another shape.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let shape = match request.method.as_str() {
            "tools/call" => "{\"name\": \"pack\", \"arguments\": {\"task\": \"...\"}}",
            "resources/read" => "{\"uri\": \"ctxpack://notes/NOTES.md\"}",
            _ => {
                return Err(ErrorData::new(
                    ErrorCode::METHOD_NOT_FOUND,
                    "no such method",
                    None,
                ));
            }
        };
        let what = format!("{} takes parameters such as {shape}", request.method);
        Err(ErrorData::invalid_params(what, None))
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let notes = self.done(&context, |work, _| work.resources()).await;
        let notes = notes.map_err(|failure| ErrorData::internal_error(told(&failure), None))?;
        let resources = notes.into_iter().map(|note| {
            let about = count(note.n_atoms, "note");
            Resource::new(note.uri, note.path)
                .with_description(about)
                .with_mime_type("text/markdown")
        });
        Ok(ListResourcesResult::with_all_items(resources.collect()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.clone();
        let text = self
            .done(&context, move |work, _| work.resource(&uri))
            .await;
        let text = text.map_err(|failure| ErrorData::resource_not_found(told(&failure), None))?;
        let contents = ResourceContents::text(text, request.uri).with_mime_type("text/markdown");
        Ok(ReadResourceResult::new(vec![contents]).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// What is told of stages that come after so many milliseconds each; the last number is when the work ends.
    #[track_caller]
    fn check(stages: &[(u64, Stage)], end: u64, expected: &[Stage]) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true) // time passes when everything waits for it
            .build()
            .unwrap();
        let told = RefCell::new(Vec::new());
        runtime.block_on(async {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            let work = async move {
                for &(wait, stage) in stages {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    sender.send(stage).unwrap();
                }
                tokio::time::sleep(Duration::from_millis(end)).await;
                drop(sender);
            };
            let tell = async {
                let mut n_told = 0;
                while let Some(stage) = lasting(&mut receiver, &mut n_told).await {
                    told.borrow_mut().push(stage);
                }
            };
            tokio::join!(work, tell);
        });
        assert_eq!(told.into_inner(), expected, "{stages:?}");
    }

    #[test]
    fn only_stages_that_last_are_told() {
        use Stage::{Collect, Emit, Render, Score, Solve};
        check(&[], 500, &[]);
        check(
            &[
                (0, Collect),
                (10, Score),
                (10, Render),
                (10, Solve),
                (10, Emit),
            ],
            10,
            &[],
        );
        check(
            &[(0, Collect), (300, Score), (10, Render), (200, Solve)],
            10,
            &[Collect, Render],
        );
        check(
            &[(0, Collect), (300, Collect), (300, Score), (0, Collect)],
            300,
            &[Collect, Score],
        );
        check(&[(0, Emit)], 300, &[Emit]);
    }
}
