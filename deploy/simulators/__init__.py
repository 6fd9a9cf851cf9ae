"""SMS and WeChat providers for one machine: real wire formats, real signatures, no real phones.

Tencent's and Aliyun's APIs answer at `POST /`, WeChat's under `/cgi-bin/`, the phones of the people
are at `GET /`, and tests steer it under `/simulator/`. Everything is in memory and bounded.
"""
