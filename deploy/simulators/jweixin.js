/* Stands in for WeChat's own script in a page that it is opened in: wx.config, wx.ready, wx.error and
 * the tag wx-open-subscribe. Whose phone it is, the address says: #wechat=OPENID.
 */
"use strict";
(function () {
  const home = new URL(document.currentScript.src).origin;
  const TAG = "wx-open-subscribe";
  const whenReady = [];
  const whenWrong = [];
  let config = null;

  // Without a content type of its own, so that the browser asks for no leave beforehand.
  const ask = async (path, body) =>
    (await fetch(home + path, { method: "POST", body: JSON.stringify(body) })).json();

  class Subscribe extends HTMLElement {
    connectedCallback() {
      const templates = [...this.querySelectorAll('script[type="text/wxtag-template"]')];
      this.attachShadow({ mode: "open" }).innerHTML = templates.map((each) => each.textContent).join("");
      this.shadowRoot.addEventListener("click", () => this.ask());
    }

    /* WeChat's own question, over the page. */
    async ask() {
      const ids = this.getAttribute("template").split(",");
      const yes = window.confirm(`允许该公众号发送 ${ids.length} 条通知？`);
      const accepted = Object.fromEntries(ids.map((id) => [id, yes]));
      const openid = new URLSearchParams(location.hash.slice(1)).get("wechat") || "";
      const answer = await ask("/open/tap", { config, openid, accepted });
      const name = answer.errMsg === "subscribe:ok" ? "success" : "error";
      this.dispatchEvent(new CustomEvent(name, { detail: answer }));
    }
  }

  window.wx = {
    ready: (call) => whenReady.push(call),
    error: (call) => whenWrong.push(call),
    async config({ appId, timestamp, nonceStr, signature, openTagList }) {
      config = { appId, timestamp, nonceStr, signature, url: location.href.split("#")[0] };
      const answer = await ask("/open/config", config);
      if (answer.errMsg !== "config:ok") {
        whenWrong.forEach((call) => call(answer));
        return;
      }
      if (openTagList.includes(TAG)) customElements.define(TAG, Subscribe);
      whenReady.forEach((call) => call());
    },
  };
})();
