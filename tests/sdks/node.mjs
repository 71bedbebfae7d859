// Sends what a shop's server would, with the library of Segment for Node: node node.mjs <write key> <host>

import { Analytics } from "@segment/analytics-node";

const [writeKey, host] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host });
analytics.on("error", (error) => { console.error(error); process.exitCode = 1; });

analytics.identify({ userId: "u-1", traits: { email: "anna@example.com", firstName: "Anna" } });
for (let number = 0; number < 50; number += 1) {
  analytics.track({ userId: "u-1", event: "Order Completed", properties: { total: number } });
}
analytics.group({ userId: "u-1", groupId: "acme", traits: { name: "Acme" } });
await analytics.closeAndFlush();
