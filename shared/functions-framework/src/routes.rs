//! Which handler answers which path and method, and under which limits.

use http::{Method, request};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::cors::Origins;
use crate::request::Parameters;
use crate::{IntoResponse, Problem, Request, Response, problem};

/// A future of a reply.
pub(crate) type Reply = Pin<Box<dyn Future<Output = Response> + Send>>;

type Handler<T> = Arc<dyn Fn(Arc<T>, Request) -> Reply + Send + Sync>;

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`, or 415. A request without a body needs no `Content-Type` on GET, HEAD and DELETE.
    Json,
    /// `application/json`, or no body at all, whatever the method.
    JsonOrNothing,
    /// Anything, as webhooks send it.
    Any,
}

/// How much a route takes of a client, and how long it may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body, in bytes; more is 413.
    pub body_bytes_max: usize,
    /// The longest work, in milliseconds; more is 503.
    pub handler_ms_max: u64,
    /// What the body may be.
    pub media_type: MediaType,
}

/// The longest body of a client's request, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;
/// The longest work for one request, in milliseconds; less than the gateway's and the platform's patience.
pub(crate) const HANDLER_MS_MAX: u64 = 10_000;

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes_max: BODY_BYTES_MAX, handler_ms_max: HANDLER_MS_MAX, media_type: MediaType::Json }
    }
}

impl Limits {
    /// The time for the work.
    pub(crate) fn handler_time(self) -> Duration {
        Duration::from_millis(self.handler_ms_max)
    }
}

mod sealed {
    pub trait Sealed {}
}

/// What [`run`](crate::run) serves and [`call`](crate::call) asks: [`Routes`], or one handler for every path.
pub trait Function: sealed::Sealed + Clone + Send + Sync + 'static {
    /// The limits for this request, or the refusal of its path or method; decided before a byte of the body is read.
    fn limits(&self, head: &request::Parts) -> Result<Limits, Problem>;

    /// The methods that this path has; none where the path is unknown.
    fn methods(&self, path: &str) -> Vec<Method>;

    /// The browser origins that may read replies.
    fn origins(&self) -> &Origins;

    /// The handler's reply.
    fn answer(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>>;
}

/// One handler that answers every path and method.
#[derive(Debug, Clone)]
pub struct ServiceFn<F> {
    handler: F,
    origins: Origins,
}

/// Wraps a handler: `run(service_fn(handler))` is the smallest program.
pub fn service_fn<F>(handler: F) -> ServiceFn<F> {
    ServiceFn { handler, origins: Origins::default() }
}

impl<F> ServiceFn<F> {
    /// Sets the browser origins that may read replies.
    #[must_use]
    pub fn cors(self, origins: Origins) -> Self {
        Self { origins, ..self }
    }
}

impl<F> sealed::Sealed for ServiceFn<F> {}

impl<F, O, R, E> Function for ServiceFn<F>
where
    F: Fn(Request) -> O + Clone + Send + Sync + 'static,
    O: Future<Output = Result<R, E>> + Send + 'static,
    R: IntoResponse,
    E: Into<Problem>,
{
    fn limits(&self, _: &request::Parts) -> Result<Limits, Problem> {
        Ok(Limits { media_type: MediaType::Any, ..Limits::default() })
    }

    fn methods(&self, _: &str) -> Vec<Method> {
        vec![Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }

    fn answer(&self, request: Request) -> Reply {
        let reply = (self.handler)(request);
        Box::pin(async move { reply.await.into_response() })
    }
}

struct Route<T> {
    method: Method,
    path: &'static str,
    handler: Handler<T>,
}

/// The routes of a function over its parts: a small table, since a function has one to five.
pub struct Routes<T> {
    parts: Arc<T>,
    table: Arc<Vec<Route<T>>>,
    limits: Limits,
    origins: Origins,
}

impl<T> Clone for Routes<T> {
    fn clone(&self) -> Self {
        Self {
            parts: Arc::clone(&self.parts),
            table: Arc::clone(&self.table),
            limits: self.limits,
            origins: self.origins.clone(),
        }
    }
}

impl<T: Send + Sync + 'static> Routes<T> {
    /// No routes yet, over these parts.
    pub fn new(parts: T) -> Self {
        Self {
            parts: Arc::new(parts),
            table: Arc::default(),
            limits: Limits::default(),
            origins: Origins::default(),
        }
    }

    /// Answers GET (and HEAD) at this path; `{name}` stands for one segment.
    #[must_use]
    pub fn get<F, O, R, E>(self, path: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<T>, Request) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoResponse,
        E: Into<Problem>,
    {
        self.route(Method::GET, path, handler)
    }

    /// Answers POST at this path.
    #[must_use]
    pub fn post<F, O, R, E>(self, path: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<T>, Request) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoResponse,
        E: Into<Problem>,
    {
        self.route(Method::POST, path, handler)
    }

    /// Answers PUT at this path.
    #[must_use]
    pub fn put<F, O, R, E>(self, path: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<T>, Request) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoResponse,
        E: Into<Problem>,
    {
        self.route(Method::PUT, path, handler)
    }

    /// Answers PATCH at this path.
    #[must_use]
    pub fn patch<F, O, R, E>(self, path: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<T>, Request) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoResponse,
        E: Into<Problem>,
    {
        self.route(Method::PATCH, path, handler)
    }

    /// Answers DELETE at this path.
    #[must_use]
    pub fn delete<F, O, R, E>(self, path: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<T>, Request) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoResponse,
        E: Into<Problem>,
    {
        self.route(Method::DELETE, path, handler)
    }

    /// Sets the limits of every route.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the browser origins that may read replies.
    #[must_use]
    pub fn cors(self, origins: Origins) -> Self {
        Self { origins, ..self }
    }

    /// The method and path of every route, in the order in which they were added.
    pub fn list(&self) -> Vec<(Method, &'static str)> {
        self.table.iter().map(|route| (route.method.clone(), route.path)).collect()
    }

    fn route<F, O, R, E>(mut self, method: Method, path: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<T>, Request) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoResponse,
        E: Into<Problem>,
    {
        let handler: Handler<T> = Arc::new(move |parts, request| {
            let reply = handler(parts, request);
            Box::pin(async move { reply.await.into_response() })
        });
        let table = Arc::get_mut(&mut self.table).expect("routes are built before they are shared");
        table.push(Route { method, path, handler });
        self
    }

    fn find(&self, method: &Method, path: &str) -> Option<(&Route<T>, Parameters)> {
        let wanted = if *method == Method::HEAD { &Method::GET } else { method };
        self.table
            .iter()
            .filter(|route| route.method == *wanted)
            .find_map(|route| matches(route.path, path).map(|parameters| (route, parameters)))
    }
}

impl<T> sealed::Sealed for Routes<T> {}

impl<T: Send + Sync + 'static> Function for Routes<T> {
    fn limits(&self, head: &request::Parts) -> Result<Limits, Problem> {
        if self.find(&head.method, head.uri.path()).is_some() {
            return Ok(self.limits);
        }
        let methods = self.methods(head.uri.path());
        if methods.is_empty() {
            return Err(Problem::new(problem::NOT_FOUND));
        }
        Err(Problem::new(problem::METHOD_NOT_ALLOWED))
    }

    fn methods(&self, path: &str) -> Vec<Method> {
        let mut methods = Vec::new();
        for route in self.table.iter().filter(|route| matches(route.path, path).is_some()) {
            let head = (route.method == Method::GET).then_some(&Method::HEAD);
            for method in [&route.method].into_iter().chain(head) {
                if !methods.contains(method) {
                    methods.push(method.clone());
                }
            }
        }
        methods
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }

    fn answer(&self, mut request: Request) -> Reply {
        let Some((route, parameters)) = self.find(request.method(), request.uri().path()) else {
            return Box::pin(std::future::ready(Problem::new(problem::NOT_FOUND).into_response()));
        };
        let handler = Arc::clone(&route.handler);
        request.extensions_mut().insert(parameters);
        handler(Arc::clone(&self.parts), request)
    }
}

/// The values of `{parameters}` where this path fits the pattern. An empty segment never fits one, nor does one that is
/// not UTF-8 once decoded: two different paths never give the same value by losing something.
fn matches(pattern: &'static str, path: &str) -> Option<Parameters> {
    let mut parameters = Parameters::default();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        match expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(_) if segment.is_empty() => return None,
            Some(name) => {
                let value = percent_encoding::percent_decode_str(segment).decode_utf8().ok()?;
                parameters.0.push((name, value.into_owned()));
            }
            None if expected != segment => return None,
            None => {}
        }
    }
    segments.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests;
