"""Real Apache Kafka (KRaft, one node, loopback) from Maven Central, without containers."""
