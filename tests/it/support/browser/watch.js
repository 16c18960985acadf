// Runs before the scripts of every page that a test opens, and takes down what must not happen.
{
  const seen = [];
  Object.defineProperty(window, "seenByTheTest", { value: seen });
  addEventListener("securitypolicyviolation", (event) => {
    const place = `${event.sourceFile}:${event.lineNumber}`;
    seen.push(`policy: ${event.effectiveDirective} ${event.blockedURI} at ${place} ${event.sample}`);
  }, true);
  // Without capturing, an error of an element that does not load would not come here.
  addEventListener("error", (event) => {
    // Says only that a size changed twice in a frame.
    if (event.message?.startsWith("ResizeObserver loop")) return;
    seen.push(`error: ${event.message ?? event.target?.outerHTML ?? event.target?.tagName}`);
  }, true);
  addEventListener("unhandledrejection", (event) => seen.push(`rejected: ${event.reason}`));
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    window[name] = (...values) => {
      seen.push(`window.${name}(${values.join(", ")})`);
      return null;
    };
  }
}
