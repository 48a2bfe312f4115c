/**
 * What no rule of a Content-Security-Policy names: connections of WebRTC. A figure's own code (Bokeh's CustomJS)
 * never gets to see their constructors. A frame that it makes runs no code but ours: see server/frames.py.
 */
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "mozRTCPeerConnection", "WebTransport"]) {
  Reflect.deleteProperty(globalThis, name);
}
