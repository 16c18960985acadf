"""The official Python SDK in both eras: it connects, lists the tools, and makes calls, whose results it
checks against the schemas of the tools.

Arguments: the mode (`legacy`, `auto` or a version), the server as {command, args, env, cwd}, and the calls
as [{name, arguments}], the last two as JSON.
"""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError


async def main() -> None:
    mode = sys.argv[1]
    server, calls = (json.loads(text) for text in sys.argv[2:])
    said = {"results": []}
    async with Client(StdioServerParameters(**server), mode=mode) as client:
        said["version"] = client.protocol_version
        said["instructions"] = client.instructions
        listed = await client.list_tools()
        said["tools"] = [tool.name for tool in listed.tools]
        for call in calls:
            progress = []

            async def tell(done: float, total: float | None, message: str | None) -> None:
                progress.append([done, total, message])

            result = await client.call_tool(
                call["name"], call.get("arguments"), progress_callback=tell
            )
            result = result.model_dump(mode="json", by_alias=True, exclude_none=True)
            said["results"].append({**result, "progress": progress})
        try:
            unknown = await client.call_tool("no_such_tool", {})
            said["unknown"] = unknown.model_dump(mode="json", by_alias=True)
        except MCPError as error:
            said["unknown"] = {"code": error.error.code}
    print(json.dumps(said))


asyncio.run(main())
