"""`guanjia doctor`: looks at a running installation and says what to do. Changes nothing."""
