"""Official Python SDKs against the script of the doubles: python_clients.py SDK < {url, key, words, cases: [[case, model]]}.

Every answer is validated again by the SDK's own pydantic types, which is stricter than the SDK itself. Prints one JSON
line per case: {"case", "model", "error"}."""
import functools
import json
import sys
import traceback

from pydantic import TypeAdapter


adapter = functools.cache(TypeAdapter)


def validated(kind, value):
    adapter(kind).validate_python(value.to_dict() if hasattr(value, "to_dict") else value)
    return value


def want(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


class OpenaiChat:
    def __init__(self, url, key, words):
        import openai
        from openai.types.chat import ChatCompletion, ChatCompletionChunk
        self.sdk, self.words = openai, words
        self.whole_type, self.chunk_type = ChatCompletion, ChatCompletionChunk
        self.client = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0)

    def tools(self):
        return [{"type": "function", "function": {"name": t["name"], "description": t["description"], "parameters": t["schema"], "strict": True}}
                for t in self.words["tools"]]

    def start(self):
        return [{"role": "system", "content": self.words["system"]}, {"role": "user", "content": self.words["question"]}]

    def ask(self, model, history, stream, tools=False, thinks=False):
        asked = {"model": model, "messages": history, "max_completion_tokens": 4000}
        if tools:
            asked["tools"] = self.tools()
        if thinks:
            asked["reasoning_effort"] = "low"
        if not stream:
            message = validated(self.whole_type, self.client.chat.completions.create(**asked)).choices[0].message
        else:
            with self.client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as events:
                for event in events:
                    if event.type == "chunk":
                        validated(self.chunk_type, event.chunk)
                message = events.get_final_completion().choices[0].message
        calls = [{"id": c.id, "name": c.function.name, "args": json.loads(c.function.arguments)} for c in message.tool_calls or []]
        native = {"role": "assistant", "content": message.content}
        if calls:
            native["tool_calls"] = [{"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}}
                                    for c in message.tool_calls]
        return message.content or "", calls, [native]

    def results(self, pairs):
        return [{"role": "tool", "tool_call_id": call["id"], "content": text} for call, text in pairs]


class OpenaiResponses:
    def __init__(self, url, key, words):
        import openai
        from openai.types.responses import Response, ResponseStreamEvent
        self.sdk, self.words = openai, words
        self.whole_type, self.event_type = Response, ResponseStreamEvent
        self.client = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0)

    def start(self):
        return [{"role": "user", "content": self.words["question"]}]

    def ask(self, model, history, stream, tools=False, thinks=False):
        asked = {"model": model, "instructions": self.words["system"], "input": history, "max_output_tokens": 4000, "store": False}
        if tools:
            asked["tools"] = [{"type": "function", "name": t["name"], "description": t["description"], "parameters": t["schema"], "strict": True}
                              for t in self.words["tools"]]
        if thinks:
            asked |= {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
        response = None
        if not stream:
            response = self.client.responses.create(**asked)
        else:
            for event in self.client.responses.create(**asked, stream=True):
                validated(self.event_type, event)
                if event.type in ("response.completed", "response.incomplete"):
                    response = event.response
                assert event.type != "response.failed" and event.type != "error", event
        validated(self.whole_type, response)
        calls = [{"id": i.call_id, "name": i.name, "args": json.loads(i.arguments)} for i in response.output if i.type == "function_call"]
        return response.output_text, calls, [item.to_dict() for item in response.output]

    def results(self, pairs):
        return [{"type": "function_call_output", "call_id": call["id"], "output": text} for call, text in pairs]


class Anthropic:
    def __init__(self, url, key, words):
        import anthropic
        from anthropic.types import Message, RawMessageStreamEvent
        self.sdk, self.words = anthropic, words
        self.whole_type, self.event_type = Message, RawMessageStreamEvent
        self.client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)

    def start(self):
        return [{"role": "user", "content": self.words["question"]}]

    def ask(self, model, history, stream, tools=False, thinks=False):
        asked = {"model": model, "system": self.words["system"], "messages": history, "max_tokens": 4000}
        if tools:
            asked["tools"] = [{"name": t["name"], "description": t["description"], "input_schema": t["schema"]} for t in self.words["tools"]]
        if thinks:
            asked["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        if not stream:
            message = self.client.messages.create(**asked)
        else:
            with self.client.messages.stream(**asked) as events:
                for _ in events:
                    pass
                message = events.get_final_message()
        validated(self.whole_type, message)
        calls = [{"id": b.id, "name": b.name, "args": b.input} for b in message.content if b.type == "tool_use"]
        text = "".join(b.text for b in message.content if b.type == "text")
        return text, calls, [{"role": "assistant", "content": message.content}]

    def results(self, pairs):
        return [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": text} for call, text in pairs]}]


class Gemini:
    def __init__(self, url, key, words):
        from google import genai
        from google.genai import errors, types
        self.types, self.words = types, words
        self.sdk = errors
        self.client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url))

    def start(self):
        return [self.types.UserContent(self.words["question"])]

    def ask(self, model, history, stream, tools=False, thinks=False):
        config = {"system_instruction": self.words["system"], "max_output_tokens": 4000}
        if tools:
            config["tools"] = [{"function_declarations": [
                {"name": t["name"], "description": t["description"], "parameters_json_schema": t["schema"]} for t in self.words["tools"]]}]
            config["automatic_function_calling"] = {"disable": True}
        if thinks:
            config["thinking_config"] = {"include_thoughts": True, "thinking_budget": 1024}
        asked = {"model": model, "contents": history, "config": config}
        models = self.client.models
        chunks = list(models.generate_content_stream(**asked)) if stream else [models.generate_content(**asked)]
        contents = [c.candidates[0].content for c in chunks if c.candidates and c.candidates[0].content and c.candidates[0].content.parts]
        parts = [part for content in contents for part in content.parts]
        calls = [{"id": p.function_call.id, "name": p.function_call.name, "args": p.function_call.args or {}} for p in parts if p.function_call]
        text = "".join(p.text for p in parts if p.text and not p.thought)
        for content in contents:
            content.parts = [p for p in content.parts if p.text != "" or p.thought_signature]
        return text, calls, [content for content in contents if content.parts]

    def results(self, pairs):
        part = self.types.Part.from_function_response
        return [self.types.Content(role="user", parts=[part(name=call["name"], response={"output": text}) for call, text in pairs])]


def says_hello(client, model, stream):
    text, calls, _ = client.ask(model, client.start(), stream)
    want(text, client.words["hello"])
    want(calls, [])


def tool_loop(client, model, stream, thinks):
    history = client.start()
    for step in range(2):
        _, calls, native = client.ask(model, history, stream, tools=True, thinks=thinks)
        want([call["name"] for call in calls], ["get_temperature", "get_temperature"] if step == 0 else ["list_notes"])
        results = [(call, client.words["results"][call["args"]["city"]] if step == 0 else "[]") for call in calls]
        history = [*history, *native, *client.results(results)]
    text, _, _ = client.ask(model, history, stream, tools=True, thinks=thinks)
    want(text, client.words["answer"])


def fails(client, model, stream):
    try:
        client.ask(model, client.start(), stream)
    except Exception as error:
        want((getattr(error, "status_code", None) or getattr(error, "code", None)), 429)
        assert client.words["failure"] in str(error), str(error)
    else:
        raise AssertionError("it did not fail")


def breaks(client, model, stream):
    try:
        client.ask(model, client.start(), True)
    except Exception as error:
        assert not isinstance(error, TypeError), repr(error)
    else:
        raise AssertionError("it looks whole")


CASES = {
    "an answer": lambda c, m: says_hello(c, m, False),
    "a streamed answer": lambda c, m: says_hello(c, m, True),
    "a tool loop": lambda c, m: tool_loop(c, m, False, False),
    "a streamed tool loop": lambda c, m: tool_loop(c, m, True, False),
    "a tool loop with reasoning": lambda c, m: tool_loop(c, m, False, True),
    "a streamed tool loop with reasoning": lambda c, m: tool_loop(c, m, True, True),
    "a 429": lambda c, m: fails(c, m, False),
    "a 429 instead of a stream": lambda c, m: fails(c, m, True),
    "a stream that dies": lambda c, m: breaks(c, m, True),
}
CLIENTS = {"openai_chat": OpenaiChat, "openai_responses": OpenaiResponses, "anthropic_messages": Anthropic, "gemini": Gemini}

if __name__ == "__main__":
    given = json.load(sys.stdin)
    client = CLIENTS[sys.argv[1]](given["url"], given["key"], given["words"])
    for case, model in given["cases"]:
        error = None
        try:
            CASES[case](client, model)
        except Exception:
            error = traceback.format_exc(limit=-4)
        print(json.dumps({"case": case, "model": model, "error": error}), flush=True)
