"""One scenario of the Python SDK against a gateway: python_sdk.py SCENARIO BASE_URL KEY. Fails by assertion."""
import sys

import openai

scenario, base_url, key = sys.argv[1:4]
client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
ask = {"model": "test-model", "messages": [{"role": "user", "content": "Say hello."}]}
tool = {"type": "function", "function": {"name": "get_temperature", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}}}}


def create():
    completion = client.chat.completions.create(**ask)
    assert completion.choices[0].message.content == "Hello from the replayed provider."
    assert completion.usage.total_tokens == 18
    assert completion._request_id


def stream():
    chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "Hello from a streamed answer: grüße, 你好.", text
    assert chunks[-1].usage.total_tokens == 22
    with client.chat.completions.stream(**ask) as events:
        assert events.get_final_completion().choices[0].message.content == text


def tools():
    messages = list(ask["messages"])
    first = client.chat.completions.create(model="test-model", messages=messages, tools=[tool])
    call = first.choices[0].message.tool_calls[0]
    assert call.function.name == "get_temperature"
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "-3"}]
    second = client.chat.completions.create(model="test-model", messages=messages, tools=[tool])
    assert second.choices[0].message.content == "It is -3 degrees in Oslo."


def embeddings():
    assert client.embeddings.create(model="test-model", input="snow").data[0].embedding == [0.25, -0.5, 0.125, 1.0]


def errors():
    def raises(kind, call):
        try:
            call()
        except kind as error:
            return error
        raise AssertionError(f"{kind.__name__} was not raised")
    wrong = openai.OpenAI(base_url=base_url, api_key="sk-wrong", max_retries=0)
    assert raises(openai.AuthenticationError, lambda: wrong.chat.completions.create(**ask)).code == "invalid_api_key"
    unknown = {**ask, "model": "nobody-has-this"}
    assert raises(openai.NotFoundError, lambda: client.chat.completions.create(**unknown)).code == "model_not_found"
    bad = {**ask, "messages": []}
    assert raises(openai.BadRequestError, lambda: client.chat.completions.create(**bad)).request_id


{"create": create, "stream": stream, "tools": tools, "embeddings": embeddings, "errors": errors}[scenario]()
