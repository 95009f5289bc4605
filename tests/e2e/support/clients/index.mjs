// Every official SDK that a program may bring along, in the versions in use.
import { anthropic_messages } from './anthropic_messages.mjs';
import { gemini } from './gemini.mjs';
import { openai_chat } from './openai_chat.mjs';
import { openai_responses } from './openai_responses.mjs';

export const clients = [
  openai_chat('openai6'), openai_chat('openai7'), openai_responses('openai6'), openai_responses('openai7'),
  anthropic_messages('anthropic0'), anthropic_messages('anthropic1'), gemini('genai2'), gemini('genai3'),
];

const loaded = new Map(await Promise.all(clients.map(async (client) => [client.name, await client.load().then(() => true, () => false)])));

// Why a client cannot be tried in this node, or false.
export const missing_sdk = (client) => !loaded.get(client.name) && `${client.name} does not load in this node`;
