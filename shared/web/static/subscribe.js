/* Puts WeChat's own button beside each kind of notice: inside WeChat a person consents by it to one
 * more message. WeChat tells the house what he chose; this page sends nothing.
 *
 * developers.weixin.qq.com: "JS-SDK", "微信开放标签 wx-open-subscribe".
 */
"use strict";
(function () {
  const page = document.getElementById("wechat");
  if (!page) return;
  const TAG = "wx-open-subscribe";
  const STYLE =
    ".consent{width:100%;min-height:48px;border:0;border-radius:8px;color:#fff;background:#07803f;font-size:17px}";

  const fail = () => {
    document.getElementById("wechat-problem").hidden = false;
  };

  function say(status, words) {
    status.textContent = words;
    status.hidden = false;
  }

  /* {"TEMPLATE": "{\"status\": \"accept\"}"}, itself a text. */
  function isAccepted(details) {
    try {
      return Object.values(JSON.parse(details)).some((each) => JSON.parse(each).status === "accept");
    } catch {
      return false;
    }
  }

  function makeTemplate(content, slot) {
    const template = document.createElement("script");
    template.type = "text/wxtag-template";
    if (slot) template.slot = slot;
    template.textContent = content;
    return template;
  }

  function addButton(place) {
    const status = place.nextElementSibling;
    const button = document.createElement(TAG);
    button.setAttribute("template", place.dataset.templates);
    button.append(
      makeTemplate(`<style>${STYLE}</style>`, "style"),
      makeTemplate('<button class="consent">订阅一条 · Subscribe</button>'),
    );
    button.addEventListener("success", (event) => {
      const accepted = isAccepted(event.detail.subscribeDetails);
      say(status, accepted ? status.dataset.accept : status.dataset.reject);
    });
    button.addEventListener("error", (event) => {
      say(status, `${status.dataset.error} ${event.detail.errCode}`);
    });
    place.replaceChildren(button);
  }

  document.addEventListener("WeixinOpenTagsError", fail);
  const sdk = document.createElement("script");
  sdk.src = page.dataset.sdk;
  sdk.onerror = fail;
  sdk.onload = () => {
    window.wx.error(fail);
    window.wx.ready(() => document.querySelectorAll("[data-templates]").forEach(addButton));
    window.wx.config({
      appId: page.dataset.appid,
      timestamp: Number(page.dataset.timestamp),
      nonceStr: page.dataset.nonce,
      signature: page.dataset.signature,
      jsApiList: [],
      openTagList: [TAG],
    });
  };
  document.head.append(sdk);
})();
