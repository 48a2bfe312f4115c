/**
 * A library that must stay as it was built: Bokeh's models are known by the names of their classes, which our
 * bundler would shorten. It is a file of the build like any other, run as a plain script.
 */
export function loadLibrary(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.crossOrigin = "anonymous";
    script.onload = () => resolve();
    script.onerror = () => reject(new Error("A part of the viewer could not be loaded."));
    document.head.append(script);
  });
}
